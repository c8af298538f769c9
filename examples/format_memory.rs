//! Memory of writing and reading, in bytes a point: the largest resident set of a process that does nothing
//! else, the cloud included, less that of a process that does nothing.
//!
//! `cargo run --release --example format_memory [POINTS]`; Linux only, since it asks /proc.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::{env, io};

use glyptic::Cloud;
use glyptic::format::{Format, read, write};
use glyptic::settings::DxfDialect;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => table(5_000_000),
        [points] => table(points.parse()?),
        [task, name, path, points] => {
            let points: usize = points.parse()?;
            let format = Format::from_name(name, DxfDialect::Cockpit, false)?;
            let path = Path::new(path);
            match task {
                "write" => write(&waves(points), format, &[], path, &mut File::create(path)?)?,
                "read" => assert_eq!(read(path)?.len(), points, "all points come back"),
                _ => {}
            }
            println!("{}", peak_bytes()?);
            Ok(())
        }
        _ => Err("give a number of points, or nothing".into()),
    }
}

/// A line a format: each task in a process of its own, since a peak never falls.
fn table(points: usize) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let number = points.to_string();
    let measure =
        |task: &str, format: Format, path: &Path| -> Result<f64, Box<dyn std::error::Error>> {
            let output = Command::new(env::current_exe()?)
                .args([task, format.name()])
                .arg(path)
                .arg(&number)
                .output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
            Ok(String::from_utf8(output.stdout)?.trim().parse()?)
        };
    println!("bytes a point, {points} points");
    println!("{:<14}{:>8}{:>8}", "format", "write", "read");
    for format in Format::ALL {
        let path = folder
            .path()
            .join(format.name())
            .with_extension(format.extension());
        let nothing = measure("nothing", format, &path)?;
        let [writing, reading] = ["write", "read"].map(|task| measure(task, format, &path));
        let each = |bytes: f64| (bytes - nothing) / points as f64;
        println!(
            "{:<14}{:>8.1}{:>8.1}",
            format.name(),
            each(writing?),
            each(reading?)
        );
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// A cloud on the grid of 0.01 mm, of the size of a large crystal.
fn waves(points: usize) -> Cloud {
    let axis = |step: usize, range: usize| -> Vec<f32> {
        let value = |i: usize| ((i * step % range) as f64 - range as f64 / 2.0) / 100.0;
        (0..points).map(|i| value(i) as f32).collect()
    };
    Cloud::from_arrays(axis(7, 9001), axis(11, 12_007), axis(13, 4001)).expect("equally many")
}

fn peak_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(1024 * kilobytes.ok_or(io::ErrorKind::InvalidData)?)
}
