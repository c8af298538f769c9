//! The readers against small whole files of other programs' making, and against the same files
//! damaged in thousands of ways.

use std::fs;
use std::path::{Path, PathBuf};

use glyptic::format::{Format, read, read_bytes};
use glyptic::random;

/// What every seed holds.
const POINTS: [[f32; 3]; 3] = [[8.12, -47.18, -10.78], [7.5, 8.0, 0.0], [-0.01, 1.25, 3.0]];

/// Pieces that readers are likely to stumble over.
const PIECES: [&[u8]; 20] = [
    b"nan",
    b"-inf",
    b"1e999",
    b"1099511627776",
    b"18446744073709551616",
    b"-1",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\n",
    b"\r\n",
    b" ",
    b"0\n",
    b"EOF\n",
    b"0 501",
    b"end_header\n",
    b"DATA binary\n",
    b"property list uchar int x\n",
    b"'",
    b"(0, 3)",
];

/// All files of `fuzz/seeds`, in the order of their names.
fn seeds() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut seeds: Vec<PathBuf> = entries(&folder)
        .iter()
        .flat_map(|folder| entries(folder))
        .collect();
    seeds.retain(|seed| cfg!(feature = "las") || seed.extension().unwrap() != "las");
    seeds.sort();
    seeds
}

/// The bytes with one to four damages: a byte changed, a piece put in, a part left out or doubled, or the
/// tail lost.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut draws = (0..).map(|index| random::bits(seed, index));
    let mut below = |limit: usize| (draws.next().unwrap() % limit.max(1) as u64) as usize;
    for _ in 0..=below(4) {
        let at = below(bytes.len() + 1);
        let end = (at + below(24)).min(bytes.len());
        match below(6) {
            0 if at < bytes.len() => bytes[at] = below(256) as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            2 => drop(bytes.splice(at..at, PIECES[below(PIECES.len())].iter().copied())),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ if below(4) == 0 => bytes.truncate(at),
            _ => {
                let end = (at + 8).min(bytes.len());
                bytes.splice(at..end, PIECES[below(PIECES.len())].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn files_of_other_programs_are_read() {
    let seeds = seeds();
    for format in Format::ALL {
        let extension = format.extension();
        let known = seeds
            .iter()
            .any(|seed| seed.extension().unwrap() == extension);
        assert!(known || extension == "asc", "no seed of {extension}");
    }
    for seed in seeds {
        let cloud = read(&seed).unwrap();
        let found: Vec<[f32; 3]> = cloud.points().collect();
        assert_eq!(found, POINTS, "{}", seed.display());
    }
}

#[test]
fn damaged_files_give_finite_points_or_one_line() {
    let damages: u64 = std::env::var("GLYPTIC_DAMAGES").map_or(3000, |count| {
        count.parse().expect("GLYPTIC_DAMAGES is a number")
    });
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for path in seeds() {
        let whole = fs::read(&path).unwrap();
        let name = path.file_name().unwrap();
        for seed in 0..damages {
            let bytes = damaged(&whole, seed);
            match read_bytes(Path::new(name), &bytes) {
                Ok(cloud) => {
                    assert!(cloud.points().flatten().all(f32::is_finite));
                    assert!(cloud.len() <= bytes.len(), "{} {seed}", path.display());
                    taken += 1;
                }
                Err(error) => {
                    let message = error.to_string();
                    let one_line = !message.contains(['\n', '\r']) && message.len() < 1000;
                    assert!(one_line, "{} {seed}: {message}", path.display());
                    refused += 1;
                }
            }
        }
    }
    // The damages are neither too gentle nor too rude to tell anything.
    assert!(
        taken > refused / 50 && refused > taken / 50,
        "{taken} {refused}"
    );
    // Counts of 2^40 and lengths of 2^32 are among the damages; none may show in the memory.
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kilobytes < 256 * 1024, "{line}");
    }
}
