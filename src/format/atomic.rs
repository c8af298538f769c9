//! Output files that appear whole or not at all: written beside their target under a temporary
//! name, brought to the disk while they are written, and renamed over the target.
//!
//! All files of a run form a [`Batch`]: the first rename happens after the last byte of the last
//! file, so that a full disk or a stopped job leaves what was there before. A killed process (not
//! Ctrl-C) may leave a file named `.name.xxxxxx.part`.
//!
//! Targets that are not regular files (`/dev/stdout`, a named pipe) are written directly.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file as the user named it.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
}

/// Files that appear together or not at all. Dropped without [`Batch::commit`], it leaves nothing.
#[derive(Debug, Default)]
pub struct Batch {
    waiting: Vec<Waiting>,
    written: Vec<Written>,
}

/// A file that waits for its name.
#[derive(Debug)]
struct Waiting {
    path: PathBuf,
    file: NamedTempFile,
    /// Ends when the file is on the disk.
    sync: JoinHandle<io::Result<()>>,
}

impl Batch {
    /// A batch without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a file under a temporary name.
    ///
    /// # Errors
    ///
    /// What `content` returns; [`Error::Write`] if the folder or the disk refuses the file.
    pub fn add(
        &mut self,
        path: &Path,
        content: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<Written> {
        let target = resolved(path);
        let (bytes, sha256) = if is_special(&target) {
            let file = File::options()
                .write(true)
                .open(&target)
                .map_err(|e| refused(path, e))?;
            fill(path, &file, None, content)?
        } else {
            let file = temporary(&target).map_err(|e| refused(path, e))?;
            let (part, sync) = synced(file.as_file()).map_err(|e| refused(path, e))?;
            let filled = fill(path, file.as_file(), Some(part), content)?;
            let path = path.to_owned();
            self.waiting.push(Waiting { path, file, sync });
            filled
        };
        let written = Written {
            path: path.to_owned(),
            bytes,
            sha256,
        };
        self.written.push(written.clone());
        Ok(written)
    }

    /// Waits until all files are on the disk, then renames them over their targets in the order in which
    /// they were added.
    ///
    /// # Errors
    ///
    /// [`Error::Write`]; if it is a rename that fails, the files before it are then in place, since nothing short
    /// of a file system with transactions could take a rename back.
    ///
    /// # Panics
    ///
    /// If a thread that brings a file to the disk did, which none does.
    pub fn commit(self) -> Result<Vec<Written>> {
        let mut ready = Vec::with_capacity(self.waiting.len());
        for Waiting { path, file, sync } in self.waiting {
            // Some file systems tell only now that they are full.
            let synced = sync
                .join()
                .expect("bringing a file to the disk does not panic");
            synced.map_err(|error| refused(&path, error))?;
            ready.push((path, file));
        }
        for (path, file) in ready {
            file.persist(resolved(&path))
                .map_err(|error| refused(&path, error.error))?;
        }
        Ok(self.written)
    }
}

/// A thread that brings a file to the disk: a part of it whenever it is told to, and the rest when nobody
/// can tell it any more. It waits most of the time, which none of the threads that compute should.
fn synced(file: &File) -> io::Result<(SyncSender<()>, JoinHandle<io::Result<()>>)> {
    let file = file.try_clone()?;
    let (part, parts) = mpsc::sync_channel(1);
    let sync = thread::Builder::new().spawn(move || {
        for () in parts {
            file.sync_data()?;
        }
        file.sync_all()
    })?;
    Ok((part, sync))
}

/// Writes one file, whole or not at all.
///
/// # Errors
///
/// What `content` returns; [`Error::Write`] if the folder or the disk refuses the file.
pub fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<Written> {
    let mut batch = Batch::new();
    let written = batch.add(path, content)?;
    batch.commit()?;
    Ok(written)
}

/// Refuses outputs that cannot work before any work is done: a folder that is missing or cannot be
/// written, an output that is a folder, the same output twice, an output that would overwrite an
/// input.
///
/// # Errors
///
/// [`Error::Write`] with the output's path, [`Error::Content`] where two paths collide.
pub fn check_targets<P: AsRef<Path>, Q: AsRef<Path>>(outputs: &[P], inputs: &[Q]) -> Result<()> {
    let inputs: Vec<PathBuf> = inputs
        .iter()
        .filter_map(|input| fs::canonicalize(input).ok())
        .collect();
    let mut seen: Vec<PathBuf> = Vec::new();
    for output in outputs {
        let output = output.as_ref();
        if output == Path::new("-") {
            let remedy = "write /dev/stdout for standard output, or ./- for a file of that name";
            return Err(Error::content(output, "is a dash, and no file", remedy));
        }
        let target = resolved(output);
        if target.is_dir() || output.as_os_str().is_empty() || target.file_name().is_none() {
            return Err(refused(output, io::ErrorKind::IsADirectory.into()));
        }
        if is_special(&target) {
            continue;
        }
        // A file is really created and removed: permissions, quotas and read-only mounts all show.
        temporary(&target).map_err(|error| refused(output, error))?;
        let folder = fs::canonicalize(folder_of(&target)).map_err(|e| refused(output, e))?;
        let place = fs::canonicalize(&target)
            .unwrap_or_else(|_| folder.join(target.file_name().unwrap_or_default()));
        if inputs.contains(&place) {
            return Err(Error::content(
                output,
                "is an input of this job, and would be overwritten",
                "give the output another name",
            ));
        }
        if seen.contains(&place) {
            return Err(Error::content(
                output,
                "is named twice as an output",
                "give each output its own name",
            ));
        }
        seen.push(place);
    }
    Ok(())
}

/// The file behind a symbolic link, so that the link stays one.
fn resolved(path: &Path) -> PathBuf {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
}

/// Whether something stands there that is neither a file nor a folder.
fn is_special(target: &Path) -> bool {
    fs::metadata(target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A temporary file beside the target, with the permissions that the target has or would get.
fn temporary(target: &Path) -> io::Result<NamedTempFile> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Long names leave no room for more letters.
    let name: String = name.chars().take(32).collect();
    let prefix = format!(".{name}.");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".part");
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        // Less the umask, as for any new file; tempfile's own choice is 0600.
        builder.permissions(fs::Permissions::from_mode(0o666));
        fs::metadata(target).ok().map(|meta| meta.permissions())
    };
    let folder = folder_of(target);
    let file = builder.tempfile_in(folder).map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound && !folder.exists();
        if missing {
            io::Error::new(error.kind(), "its folder does not exist; make it first")
        } else {
            of_the_system(error)
        }
    })?;
    #[cfg(unix)]
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    Ok(file)
}

/// What the system said, without the temporary name that tempfile puts behind it and nobody knows.
fn of_the_system(error: io::Error) -> io::Error {
    let told = error.to_string();
    match told.split_once(" at path ") {
        Some((told, _)) => io::Error::new(error.kind(), told),
        None => error,
    }
}

/// Bytes after which a part of a file is brought to the disk.
const PART: u64 = 1 << 23;

/// Lets `content` write into `file`, counted and hashed; tells `part` when another part of it is written.
fn fill(
    path: &Path,
    file: &File,
    part: Option<SyncSender<()>>,
    content: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<(u64, String)> {
    let mut counted = Counted {
        out: file,
        bytes: 0,
        sha256: Sha256::new(),
        part,
    };
    let mut out = io::BufWriter::with_capacity(1 << 18, &mut counted);
    content(&mut out)?;
    out.flush().map_err(|error| refused(path, error))?;
    drop(out);
    let sha256 = counted.sha256.finalize();
    let sha256 = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((counted.bytes, sha256))
}

fn refused(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}

/// Counts and hashes what passes.
struct Counted<'a> {
    out: &'a File,
    bytes: u64,
    sha256: Sha256,
    part: Option<SyncSender<()>>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.sha256.update(&bytes[..count]);
        let before = self.bytes / PART;
        self.bytes += count as u64;
        if let Some(part) = self.part.as_ref().filter(|_| self.bytes / PART > before) {
            // If it is full the thread will see to this part too; if it is gone, it has an error to tell.
            let _ = part.try_send(());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> impl FnOnce(&mut dyn Write) -> Result<()> {
        move |out: &mut dyn Write| {
            out.write_all(text.as_bytes())
                .map_err(|error| refused(Path::new("test"), error))
        }
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_refusal_tells_why_and_no_temporary_name() {
        let folder = tempfile::tempdir().unwrap();
        let told = |path: &Path| write_whole(path, text("abc")).unwrap_err().to_string();
        let missing = told(&folder.path().join("missing/a.txt"));
        assert!(
            missing.ends_with("a.txt: its folder does not exist; make it first"),
            "{missing}"
        );
        fs::write(folder.path().join("file"), "").unwrap();
        let inside_a_file = told(&folder.path().join("file/a.txt"));
        assert!(!inside_a_file.contains(".part"), "{inside_a_file}");
    }

    #[test]
    fn a_file_is_written_counted_and_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let written = write_whole(&path, text("abc")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(written.bytes, 3);
        // NIST's example.
        assert_eq!(
            written.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(names_in(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_failed_file_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "before").unwrap();
        let mut batch = Batch::new();
        batch
            .add(&folder.path().join("first.txt"), text("whole"))
            .unwrap();
        let failed = batch.add(&path, |out| {
            out.write_all(b"half").unwrap();
            Err(Error::Cancelled)
        });
        assert!(matches!(failed, Err(Error::Cancelled)));
        drop(batch);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(names_in(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_batch_appears_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = Batch::new();
        for name in ["a.txt", "b.txt"] {
            batch.add(&folder.path().join(name), text(name)).unwrap();
            assert!(!folder.path().join(name).exists());
        }
        assert_eq!(batch.commit().unwrap().len(), 2);
        assert_eq!(names_in(folder.path()), ["a.txt", "b.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file_or_of_the_old_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
        write_whole(&ours, text("x")).unwrap();
        fs::write(&other, "x").unwrap();
        assert_eq!(mode(&ours), mode(&other));
        fs::set_permissions(&other, fs::Permissions::from_mode(0o640)).unwrap();
        write_whole(&other, text("y")).unwrap();
        assert_eq!(mode(&other), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_whole(&link, text("after")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"after");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let full = Path::new("/dev/full");
        if full.exists() {
            let error = write_whole(full, text("x")).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("cannot write /dev/full: No space"),
                "{error}"
            );
        }
    }

    #[test]
    fn targets_that_cannot_work_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let none: [&Path; 0] = [];
        fs::write(at("photo.jpg"), "x").unwrap();
        check_targets(&[at("a.dxf"), at("b.dxf")], &[at("photo.jpg")]).unwrap();
        assert!(check_targets(&[at("missing/a.dxf")], &none).is_err());
        assert!(check_targets(&[folder.path()], &none).is_err());
        assert!(check_targets(&[""], &none).is_err());
        assert!(check_targets(&[at("a.dxf"), at("./a.dxf")], &none).is_err());
        let odd = folder.path().join(".").join("photo.jpg");
        let error = check_targets(&[&odd], &[at("photo.jpg")]).unwrap_err();
        assert!(
            error.to_string().contains("would be overwritten"),
            "{error}"
        );
        assert_eq!(names_in(folder.path()), ["photo.jpg"]);
    }
}
