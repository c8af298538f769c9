//! Where a blank comes from: a file, the user's folder, the table, a name that carries its size.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::table::Definition;
use super::template::Template;
use super::{Blank, build, pattern, table};
use crate::error::{Error, Result};
use crate::settings::BlankSettings;

/// Largest file that is read, bytes: a mesh of two million faces as text.
const LARGEST_BYTES: u64 = 256 << 20;
/// Extensions of files that a blank can come from.
const EXTENSIONS: [&str; 7] = ["toml", "template", "obj", "stl", "ply", "svg", "dxf"];

/// The blank that the settings name.
pub(super) fn blank(settings: &BlankSettings, folder: Option<&Path>) -> Result<Blank> {
    let name = &settings.name;
    let path = Path::new(name);
    let extension = extension(path);
    if EXTENSIONS.contains(&extension.as_str()) {
        return from_file(path, settings);
    }
    if name.contains(['/', '\\']) || path.is_file() {
        let known = EXTENSIONS.join(", ");
        let problem = format!("`.{extension}` is not a kind of file that a blank comes from");
        return Err(Error::content(path, problem, format!("use one of {known}")));
    }
    // The user's own measurements come before the table's.
    if let Some(own) = folder.map(|folder| folder.join(format!("{name}.toml")))
        && own.is_file()
    {
        return from_file(&own, settings);
    }
    let named = |definition: &&Definition| definition.name == *name;
    if let Some(definition) = table::blanks().iter().find(named) {
        return build::blank(definition, None, settings);
    }
    match pattern::definition(name)? {
        Some(definition) => build::blank(&definition, None, settings),
        None => Err(unknown(name, folder)),
    }
}

/// The definitions of a folder, sorted by file name.
pub(super) fn in_folder(folder: &Path) -> Vec<(PathBuf, Result<Blank>)> {
    let settings = BlankSettings::default();
    let files = definitions(folder).into_iter();
    files
        .map(|path| {
            let blank = from_file(&path, &settings);
            (path, blank)
        })
        .collect()
}

fn definitions(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| extension(path) == "toml")
        .collect();
    paths.sort();
    paths
}

fn unknown(name: &str, folder: Option<&Path>) -> Error {
    let own = folder.map(definitions).unwrap_or_default();
    let own = own.iter().filter_map(|path| path.file_stem()?.to_str());
    let names = table::blanks().iter().map(|blank| blank.name.as_str());
    let known: Vec<&str> = own.chain(names).chain(pattern::PATTERNS).collect();
    Error::Unknown {
        kind: "blank",
        name: name.to_owned(),
        known: known.join(", "),
    }
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
}

/// The blank of a file.
fn from_file(path: &Path, settings: &BlankSettings) -> Result<Blank> {
    let mut template = None;
    let mut definition = match extension(path).as_str() {
        "toml" => parse_toml(path)?,
        "template" => parse_template(path)?,
        "obj" if path.with_extension("template").is_file() => {
            parse_template(template.insert(path.with_extension("template")))?
        }
        "svg" | "dxf" => Definition {
            outline: own_name(path),
            ..Definition::default()
        },
        _ => Definition {
            mesh: own_name(path),
            ..Definition::default()
        },
    };
    if definition.name.is_empty() {
        definition.name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
    }
    let mut blank = build::blank(&definition, Some(path), settings)?;
    blank.files.extend(template);
    Ok(blank)
}

fn own_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn text(path: &Path) -> Result<String> {
    let bytes = read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        Error::content(path, format!("byte {byte} is not text"), "save it as UTF-8")
    })
}

fn parse_toml(path: &Path) -> Result<Definition> {
    let text = text(path)?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..start]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        let message = error.message().replace('\n', " ");
        let remedy = "see blanks.toml for the names of the fields";
        Error::content(path, format!("line {line}: {message}"), remedy)
    })
}

fn parse_template(path: &Path) -> Result<Definition> {
    let bytes = read(path)?;
    let template = Template::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|problem| Error::content(path, problem, "export it again from Cockpit3D"))?;
    let mesh = template.mesh_path(path).ok_or_else(|| {
        let problem = match template.geometry.as_deref() {
            Some(geometry) => format!("the mesh `{geometry}` is not beside it"),
            None => "names no mesh (USES_GEOMETRY), and none of its name is beside it".to_owned(),
        };
        Error::content(path, problem, "copy the OBJ file into the same folder")
    })?;
    // The smallest border is what the shop keeps free toward some face; without one, the margin
    // of a standard crystal holds.
    let least = template
        .border_mm
        .map(|border| border.into_iter().fold(f64::MAX, f64::min));
    let file = |what: &str| (what.to_owned(), "Cockpit3D template".to_owned());
    Ok(Definition {
        mesh: own_name(&mesh),
        size_mm: Some(template.size_mm),
        offset_mm: template.offset_mm,
        border_mm: template.border_mm,
        bevel_mm: template.bevel_mm,
        margin_mm: least.filter(|&mm| mm > 0.0),
        source: [file("size"), file("margin"), file("bevel")].into(),
        ..Definition::default()
    })
}

/// The bytes of a regular file of bearable size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::content(path, "is not a file", "name a file"));
    }
    if metadata.len() > LARGEST_BYTES {
        let problem = format!("has {} bytes, more than {LARGEST_BYTES}", metadata.len());
        return Err(Error::content(path, problem, "simplify it"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::mesh::tests::cuboid;
    use super::*;

    fn settings(name: &Path) -> BlankSettings {
        BlankSettings {
            name: name.to_str().unwrap().to_owned(),
            ..BlankSettings::default()
        }
    }

    fn written(folder: &Path, name: &str, content: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn obj(width: f64, height: f64, thickness: f64) -> String {
        let mesh = cuboid(width, height, thickness);
        let corners = mesh.corners.iter();
        // As Cockpit3D's: z runs from 0.
        let mut text: String = corners
            .map(|[x, y, z]| format!("v {x} {y} {}\n", z + 0.5 * thickness))
            .collect();
        for [a, b, c] in mesh.triangles {
            text += &format!("f {} {} {}\n", a + 1, b + 1, c + 1);
        }
        text
    }

    #[test]
    fn a_definition_says_all_about_a_blank() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"
            kind = "pendant"
            outline = "necklace"
            size_mm = [24, 22, 7]
            margin_mm = 1.5
            bevel_mm = 0.8
            hole = { diameter_mm = 1, x_mm = 3, y_mm = 5 }
            entry = "front"
            glass = "K9"
            source = { size = "our own calliper" }
        "#;
        let path = written(folder.path(), "tiny.toml", text);
        let blank = blank(&settings(&path), None).unwrap();
        assert_eq!(blank.name, "tiny");
        assert_eq!(blank.size.to_string(), "24 x 22 x 7 mm");
        assert_eq!((blank.margin_mm, blank.bevel_mm), (1.5, 0.8));
        assert_eq!(blank.clearance_mm([3.0, 5.0, 0.0]), -0.5);
        assert_eq!(blank.sources["size"], "our own calliper");
    }

    #[test]
    fn the_sample_definition_is_sound() {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../samples/blanks/oval-pendant.toml");
        written(folder.path(), "oval-pendant.toml", text);
        let found = blank(&settings(Path::new("oval-pendant")), Some(folder.path())).unwrap();
        assert!(found.safe_volume().unwrap().contains(0.0, 0.0, 1.9));
        assert_eq!(found.sources["size"], "our calliper");
    }

    #[test]
    fn the_users_folder_comes_before_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let text = "outline = 'block'\nsize_mm = [31, 29, 11]\n";
        written(folder.path(), "heart-30.toml", text);
        written(folder.path(), "broken.toml", "outline = 3");
        let own = blank(&settings(Path::new("heart-30")), Some(folder.path())).unwrap();
        assert_eq!(own.size.width_mm.get(), 31.0);
        assert_eq!(own.margin_mm, 3.0);
        let listed = in_folder(folder.path());
        assert!(listed[0].1.is_err() && listed[1].1.is_ok());
        let message = blank(&settings(Path::new("heart")), Some(folder.path())).unwrap_err();
        assert!(
            message
                .to_string()
                .contains("known: broken, heart-30, heart-20"),
            "{message}"
        );
        assert!(in_folder(&folder.path().join("none")).is_empty());
    }

    #[test]
    fn a_template_scales_its_mesh_per_axis_and_centres_it() {
        let folder = tempfile::tempdir().unwrap();
        written(
            folder.path(),
            "Heart, Flat Bottom.obj",
            &obj(102.78, 89.36, 60.0),
        );
        let text = "SIZE\n125 110 47\nOFFSET\n0 0 1\nUSES_GEOMETRY\nHeart, Flat Bottom\nTYPE\n5\n\
            BORDER\n10 12 2\nBEVEL\n3\n";
        let path = written(folder.path(), "large.template", text);
        let found = blank(&settings(&path), None).unwrap();
        assert_eq!(found.size.to_string(), "125 x 110 x 47 mm");
        assert_eq!((found.margin_mm, found.bevel_mm), (2.0, 3.0));
        assert!((found.clearance_mm([60.5, 0.0, 1.0]) - 2.0).abs() < 1e-9);
        assert!((found.clearance_mm([0.0, 54.0, 1.0]) - 1.0).abs() < 1e-9);
        assert!((found.clearance_mm([0.0, 0.0, 24.0]) - 0.5).abs() < 1e-9);
        let volume = found.safe_volume().unwrap();
        for (x, y, z, inside) in [
            (0.0, 0.0, 22.3, true),
            (0.0, 0.0, 22.6, false),
            (0.0, 0.0, -20.3, true),
            (0.0, 0.0, -20.6, false),
            (52.3, 0.0, 1.0, true),
            (52.6, 0.0, 1.0, false),
            (0.0, -42.8, 1.0, true),
            (0.0, -43.1, 1.0, false),
        ] {
            assert_eq!(volume.contains(x, y, z), inside, "{x} {y} {z}");
        }
        std::fs::rename(
            folder.path().join("Heart, Flat Bottom.obj"),
            folder.path().join("large.obj"),
        )
        .unwrap();
        let by_mesh = blank(&settings(&folder.path().join("large.obj")), None).unwrap();
        assert_eq!(by_mesh.size, found.size);
        std::fs::remove_file(folder.path().join("large.obj")).unwrap();
        let message = blank(&settings(&path), None).unwrap_err().to_string();
        assert!(
            message.contains("`Heart, Flat Bottom` is not beside it"),
            "{message}"
        );
    }

    #[test]
    fn drawings_need_a_thickness() {
        let folder = tempfile::tempdir().unwrap();
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='40mm' height='30mm' \
            viewBox='0 0 40 30'><rect width='40' height='30'/><circle cx='20' cy='5' r='2'/></svg>";
        let path = written(folder.path(), "plate.svg", svg);
        let message = blank(&settings(&path), None).unwrap_err().to_string();
        assert!(
            message.contains("without a thickness; add --size"),
            "{message}"
        );
        let sized = BlankSettings {
            size: Some("40x30x10".parse().unwrap()),
            ..settings(&path)
        };
        let found = blank(&sized, None).unwrap();
        assert!((found.clearance_mm([0.0, 10.0, 0.0]) + 2.0).abs() < 1e-3);
        assert!((found.clearance_mm([19.0, 0.0, 0.0]) - 1.0).abs() < 1e-3);
        let text = "outline = 'plate.svg'\nthickness_mm = 8\n";
        let toml = written(folder.path(), "plate.toml", text);
        let found = blank(&settings(&toml), None).unwrap();
        assert_eq!(found.size.thickness_mm.get(), 8.0);
        assert!((found.size.width_mm.get() - 40.0).abs() < 1e-3);
    }

    #[test]
    fn faults_of_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.toml");
        assert!(matches!(
            blank(&settings(&missing), None),
            Err(Error::Read { .. })
        ));
        for (name, content, part) in [
            (
                "a.toml",
                "outline = 'block'\ncolour = 3\n",
                "line 2: unknown field `colour`",
            ),
            ("b.toml", "outline = 'block'", "states no `size_mm`"),
            (
                "c.toml",
                "size_mm = [1, 2, 3]",
                "needs one of `outline` and `mesh`",
            ),
            (
                "d.toml",
                "outline = 'hart'\nsize_mm = [30, 30, 9]",
                "known: necklace, key-chain",
            ),
            (
                "e.toml",
                "outline = 'block'\nsize_mm = [30, 30, -9]",
                "not between 1 and 1000 mm",
            ),
            (
                "f.toml",
                "outline = 'block'\nsize_mm = [30, 30, 9]\nbevel_mm = nan",
                "bevel of NaN",
            ),
            (
                "g.toml",
                "outline = 'block'\nsize_mm = [30, 30, 9]\nmargin_mm = -1",
                "margin of -1",
            ),
            (
                "h.toml",
                "outline = 'block'\nsize_mm = [30, 30, 9]\nhole = { diameter_mm = 2, y_mm = 40 }",
                "no room for the hole",
            ),
            (
                "i.toml",
                "outline = 'ellipse'\nsize_mm = [30, 30, 9]\nhole = { diameter_mm = 2, below_cleft_mm = 4 }",
                "no cleft",
            ),
            (
                "nan.toml",
                "outline = 'block'\nsize_mm = [30, 30, 9]\nhole = { diameter_mm = 2, x_mm = nan }",
                "no finite place",
            ),
            (
                "j.toml",
                "outline = 'block'\nsize_mm = [30, 30, 9]\nentry = 'side'",
                "line 3",
            ),
            ("k.toml", "mesh = 'none.stl'", "none.stl"),
            (
                "l.svg",
                "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0L90 60L90 0L0 90z'/></svg>",
                "crosses itself",
            ),
            (
                "m.svg",
                "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h9v9h-9zM20 0h9v9h-9z'/></svg>",
                "2 separate outlines",
            ),
            (
                "n.svg",
                "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h9z'/></svg>",
                "no ",
            ),
            (
                "o.obj",
                "v 0 0 0\nv 9 0 0\nv 0 9 0\nv 0 0 9\nf 1 3 2\nf 1 2 4\nf 2 3 4\n",
                "is not closed: 3 edges belong to one face only",
            ),
            ("p.stl", "", "a mesh"),
            ("q.template", "SIZE\n1 2\n", "line 2"),
            ("r.toml", "\u{1}", "line 1"),
        ] {
            let path = written(folder.path(), name, content);
            let message = blank(&settings(&path), None)
                .and_then(|blank| blank.safe_volume())
                .expect_err(name)
                .to_string();
            assert!(message.contains(part), "{name}: {message}");
            assert!(!message.contains('\n'), "{message}");
        }
        std::fs::create_dir(folder.path().join("s.obj")).unwrap();
        let message = blank(&settings(&folder.path().join("s.obj")), None).unwrap_err();
        assert!(message.to_string().contains("is not a file"), "{message}");
        let message = blank(&settings(&folder.path().join("x.pdf")), None).unwrap_err();
        assert!(
            message
                .to_string()
                .contains("use one of toml, template, obj"),
            "{message}"
        );
    }
}
