//! Inputs that the tests make themselves, and measures that share no code with the library.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA};

/// The program.
pub(crate) fn glyptic() -> Command {
    Command::cargo_bin("glyptic").expect("cargo builds the program for its tests")
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    glyptic().current_dir(folder).args(args).output().unwrap()
}

/// A folder with `photo.png`, and what a quick `glyptic etch` with these flags makes of it.
#[track_caller]
pub(crate) fn etched(flags: &[&str]) -> tempfile::TempDir {
    let (folder, _) = folder_with_photo(disc);
    let args = ["etch", "photo.png", "--quality", "draft"];
    let output = run(folder.path(), &[&args[..], flags].concat());
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Writes points as XYZ.
pub(crate) fn write_xyz(folder: &Path, name: &str, points: &[[f64; 3]]) {
    let lines = points
        .iter()
        .map(|[x, y, z]| format!("{x:.4} {y:.4} {z:.4}\n"));
    fs::write(folder.join(name), lines.collect::<String>()).unwrap();
}

/// Writes a grey photo whose value at (column, row) is `value(u, v)`, u and v from 0 to 1.
pub(crate) fn photo(path: &Path, [width, height]: [u32; 2], value: impl Fn(f64, f64) -> f64) {
    let pixel = |column: u32, row: u32| {
        let u = (f64::from(column) + 0.5) / f64::from(width);
        let v = (f64::from(row) + 0.5) / f64::from(height);
        Luma([(value(u, v).clamp(0.0, 1.0) * 255.0).round() as u8])
    };
    GrayImage::from_fn(width, height, pixel).save(path).unwrap();
}

/// Writes a 16-bit depth map; near is bright.
pub(crate) fn depth(path: &Path, [width, height]: [u32; 2], value: impl Fn(f64, f64) -> f64) {
    let pixel = |column: u32, row: u32| {
        let u = (f64::from(column) + 0.5) / f64::from(width);
        let v = (f64::from(row) + 0.5) / f64::from(height);
        Luma([(value(u, v).clamp(0.0, 1.0) * 65535.0).round() as u16])
    };
    ImageBuffer::from_fn(width, height, pixel)
        .save(path)
        .unwrap();
}

/// Writes a grey photo with an alpha channel.
pub(crate) fn photo_with_alpha(
    path: &Path,
    [width, height]: [u32; 2],
    alpha: impl Fn(f64, f64) -> u8,
) {
    let pixel = |column: u32, row: u32| {
        let u = (f64::from(column) + 0.5) / f64::from(width);
        let v = (f64::from(row) + 0.5) / f64::from(height);
        LumaA([200, alpha(u, v)])
    };
    GrayAlphaImage::from_fn(width, height, pixel)
        .save(path)
        .unwrap();
}

/// Dark on the left, bright on the right.
pub(crate) fn ramp(u: f64, _v: f64) -> f64 {
    u
}

/// A bright disc on black.
pub(crate) fn disc(u: f64, v: f64) -> f64 {
    if (u - 0.5).hypot(v - 0.5) < 0.35 {
        0.9
    } else {
        0.0
    }
}

/// Squares of black and white.
pub(crate) fn checker(u: f64, v: f64) -> f64 {
    if ((u * 8.0) as i32 + (v * 8.0) as i32) % 2 == 0 {
        1.0
    } else {
        0.0
    }
}

/// A single bright spot.
pub(crate) fn impulse(u: f64, v: f64) -> f64 {
    if (u - 0.5).abs() < 0.02 && (v - 0.5).abs() < 0.02 {
        1.0
    } else {
        0.05
    }
}

/// Values without any pattern.
pub(crate) fn noise(u: f64, v: f64) -> f64 {
    let bits = glyptic::random::bits((u * 1e6) as u64, (v * 1e6) as u64);
    (bits >> 40) as f64 / (1u64 << 24) as f64
}

/// A dome, as a face is one to first order.
pub(crate) fn dome(u: f64, v: f64) -> f64 {
    (1.0 - 4.0 * ((u - 0.5).powi(2) + (v - 0.5).powi(2)))
        .max(0.0)
        .sqrt()
}

/// Steps: jumps of depth without any slope.
pub(crate) fn steps(u: f64, v: f64) -> f64 {
    ((u * 4.0).floor() + (v * 4.0).floor()) / 6.0
}

/// The points of a text file of points, read without the library: XYZ or DXF.
pub(crate) fn points_of_text(path: &Path) -> Vec<[f64; 3]> {
    let text = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "dxf") {
        return points_of_dxf(&text);
    }
    let numbers = |line: &str| -> [f64; 3] {
        let values: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        values.try_into().unwrap()
    };
    text.lines().map(numbers).collect()
}

fn points_of_dxf(text: &str) -> Vec<[f64; 3]> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut points = Vec::new();
    let mut in_point = false;
    for pair in lines.chunks_exact(2) {
        match pair[0] {
            "0" => {
                in_point = pair[1] == "POINT";
                if in_point {
                    points.push([f64::NAN; 3]);
                }
            }
            code @ ("10" | "20" | "30") if in_point => {
                let axis = ["10", "20", "30"]
                    .iter()
                    .position(|axis| *axis == code)
                    .unwrap();
                points.last_mut().unwrap()[axis] = pair[1].parse().unwrap();
            }
            _ => {}
        }
    }
    points
}

/// The least `sqrt((dx^2 + dy^2) / xy^2 + dz^2 / z^2)` of any two points, at most 2.
pub(crate) fn least_ratio(points: &[[f64; 3]], xy_mm: f64, z_mm: f64) -> f64 {
    let scaled: Vec<[f64; 3]> = points
        .iter()
        .map(|[x, y, z]| [x / xy_mm, y / xy_mm, z / z_mm])
        .collect();
    let cell_of = |point: &[f64; 3]| point.map(|value| (value / 2.0).floor() as i64);
    let mut cells: HashMap<[i64; 3], Vec<usize>> = HashMap::new();
    let mut least = 4.0f64;
    for (index, point) in scaled.iter().enumerate() {
        let [i, j, k] = cell_of(point);
        for (di, dj, dk) in neighbours() {
            for &other in cells.get(&[i + di, j + dj, k + dk]).into_iter().flatten() {
                let squared = (0..3)
                    .map(|axis| (scaled[other][axis] - point[axis]).powi(2))
                    .sum();
                least = least.min(squared);
            }
        }
        cells.entry([i, j, k]).or_default().push(index);
    }
    least.sqrt()
}

fn neighbours() -> impl Iterator<Item = (i64, i64, i64)> {
    (0..27).map(|n| (n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1))
}

/// The names of the files in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with one photo in it.
pub(crate) fn folder_with_photo(value: impl Fn(f64, f64) -> f64) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.png");
    photo(&path, [120, 120], value);
    (folder, path)
}

/// Writes the bytes under a name that says nothing about the format, and decodes them.
pub(crate) fn decode(bytes: &[u8]) -> glyptic::Result<glyptic::photo::Photo> {
    let (_folder, path) = stored(bytes);
    glyptic::photo::decode(&path, 150.0)
}

/// A folder with the bytes in a file, and its path.
pub(crate) fn stored(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.dat");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The file of an image.
pub(crate) fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The error as one line, which every error must be.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    let message = decode(bytes).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}
