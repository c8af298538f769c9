//! Bad input: each gets one line and exit code 1 or 2, leaves no file, and never a panic.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{glyptic, names_in};

/// Runs `glyptic etch photo -o out.xyz` with more flags.
fn etch(folder: &Path, photo: &str, flags: &[&str]) -> Output {
    let args = ["etch", photo, "-o", "out.xyz", "--spacing", "0.2"];
    glyptic()
        .current_dir(folder)
        .args(args)
        .args(flags)
        .output()
        .unwrap()
}

/// Asserts that a job is refused with one line that holds `part`, and leaves nothing.
#[track_caller]
fn refused(folder: &Path, photo: &str, flags: &[&str], part: &str) {
    let before = names_in(folder);
    let output = etch(folder, photo, flags);
    let line = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code();
    assert!(
        code == Some(1) || code == Some(2),
        "{photo} {flags:?}: {code:?}: {line}"
    );
    assert!(
        line.starts_with("glyptic: error: "),
        "{photo} {flags:?}: {line}"
    );
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(!line.contains("panicked"), "{line}");
    assert!(
        line.to_lowercase().contains(part),
        "{photo} {flags:?}: {line:?} lacks {part:?}"
    );
    assert!(output.stdout.is_empty());
    assert_eq!(names_in(folder), before, "{photo} {flags:?} left a file");
}

/// Asserts that a job succeeds, with a warning that holds `part` unless that is empty.
#[track_caller]
fn accepted(folder: &Path, photo: &str, flags: &[&str], part: &str) {
    let output = etch(folder, photo, flags);
    let messages = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{photo} {flags:?}: {messages}"
    );
    assert!(
        messages.contains(part),
        "{photo} {flags:?}: {messages:?} lacks {part:?}"
    );
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    common::photo(&folder.path().join("good.png"), [120, 120], common::ramp);
    folder
}

#[test]
fn files_that_are_no_photos() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder.png")).unwrap();
    fs::write(at("empty.png"), "").unwrap();
    fs::write(at("text.png"), "this is not a picture\n").unwrap();
    fs::write(
        at("heic.jpg"),
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    )
    .unwrap();
    refused(folder.path(), "missing.png", &[], "missing.png");
    refused(folder.path(), "folder.png", &[], "folder.png");
    refused(folder.path(), "empty.png", &[], "empty");
    refused(folder.path(), "text.png", &[], "text.png");
    refused(folder.path(), "heic.jpg", &[], "heic");
}

#[test]
fn damaged_photos_are_refused_or_warned_of() {
    let folder = folder();
    let whole = fs::read(folder.path().join("good.png")).unwrap();
    for length in [4, 8, 20, 33, 60, whole.len() / 2] {
        let name = format!("cut{length}.png");
        fs::write(folder.path().join(&name), &whole[..length]).unwrap();
        refused(folder.path(), &name, &[], &name);
    }
    // A header that claims 2^31 - 1 pixels a side, with its checksum right.
    let mut bomb =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\0\0\0\0".to_vec();
    let crc = crc32(&bomb[12..29]);
    bomb.extend(crc.to_be_bytes());
    fs::write(folder.path().join("bomb.png"), bomb).unwrap();
    refused(folder.path(), "bomb.png", &[], "bomb.png");
}

/// The checksum of PNG, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn odd_shapes_and_contents() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    common::photo(&at("dot.png"), [1, 1], |_, _| 0.8);
    common::photo(&at("needle.png"), [1, 3000], |_, v| v);
    common::photo(&at("grey.png"), [100, 100], |_, _| 0.5);
    common::photo(&at("black.png"), [100, 100], |_, _| 0.0);
    common::photo_with_alpha(&at("clear.png"), [100, 100], |_, _| 0);
    accepted(folder.path(), "grey.png", &[], "warning: ");
    refused(folder.path(), "black.png", &[], "no point");
    refused(folder.path(), "clear.png", &[], "transparent");
    // Whether they are refused or etched with a warning, they do not end in a panic.
    for name in ["dot.png", "needle.png"] {
        let output = etch(folder.path(), name, &[]);
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{name}: {messages}"
        );
        assert!(
            messages.contains(": ") && !messages.contains("panicked"),
            "{name}: {messages}"
        );
    }
}

#[test]
fn odd_settings() {
    let folder = folder();
    for (flags, part) in [
        (&["--spacing", "0x0.09"][..], "--spacing"),
        (&["--spacing", "-0.08"], "--spacing"),
        (&["--spacing", "nan"], "--spacing"),
        (&["--spacing", "0.08xinf"], "--spacing"),
        (&["--spacing", "1e-9"], "--spacing"),
        (&["--spacing", "1e9"], "--spacing"),
        (&["--layers", "0"], "--layers"),
        (&["--layers", "4000000000"], "--layers"),
        (&["--margin", "-1"], "--margin"),
        (&["--margin", "50mm"], "--margin"),
        (&["--size", "0x35x12"], "--size"),
        (&["--size", "-35x35x12"], "--size"),
        (&["--size", "1e6x1e6x1e6"], "--size"),
        (&["--size", "nanxnanxnan"], "--size"),
        (&["--blank", "hart"], "heart"),
        (&["--blank", "missing.toml"], "missing"),
        (&["--machine", "none"], "green-532"),
        (&["--machine", "missing.toml"], "missing.toml"),
        (&["--zoom", "0"], "--zoom"),
        (&["--zoom", "nan"], "--zoom"),
        (&["--toning", "-1"], "--toning"),
        (&["--toning", "inf"], "--toning"),
        (&["--floor", "0.9"], "--floor"),
        (&["--contrast", "-1"], "--contrast"),
        (&["--brightness", "7"], "--brightness"),
        (&["--fade", "-2mm"], "--fade"),
        (&["--relief", "0"], "--relief"),
        (&["--crop", "0,0,0,10"], "--crop"),
        (&["--crop", "900,900,10,10"], "--crop"),
        (&["--crop", "0,0,-5,10"], "--crop"),
        (&["--points", "0"], "--points"),
        (&["--points", "99999999999"], "--points"),
        (&["--jitter-z", "-1"], "--jitter-z"),
        (&["--jitter-z", "5mm"], "--jitter-z"),
        (&["--threads", "0"], "--threads"),
        (&["--seed", "-1"], "--seed"),
        (&["--rotate", "nan"], "--rotate"),
        (&["--max-megapixels", "0.001"], "megapixels"),
        (&["--depth", "missing.png"], "missing.png"),
        (&["--matte", "missing.png"], "missing.png"),
        (&["--eyes", "5,5,6000,5"], "--eyes"),
        (&["--eyes", "5,5,6,5"], "--eyes"),
        (&["--config", "missing.toml"], "missing.toml"),
        (&["--config", "good.png"], "good.png"),
        (&["--format", "docx"], "docx"),
        (&["--dxf-dialect", "r13"], "r13"),
    ] {
        let output = etch(folder.path(), "good.png", &["--spacing", "0.2"][..0]);
        assert_eq!(output.status.code(), Some(0));
        fs::remove_file(folder.path().join("out.xyz")).unwrap();
        // The last of two equal flags counts for none: clap refuses them, so it is left out.
        let args = ["etch", "good.png", "-o", "out.xyz"];
        let coarse = if flags[0] == "--spacing" {
            &[][..]
        } else {
            &["--spacing", "0.2"]
        };
        let output = glyptic()
            .current_dir(folder.path())
            .args(args)
            .args(coarse)
            .args(flags)
            .output()
            .unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{flags:?}: {line}"
        );
        assert!(
            line.starts_with("glyptic: error: ") && line.lines().count() == 1,
            "{line}"
        );
        assert!(
            line.to_lowercase().contains(part),
            "{flags:?}: {line:?} lacks {part:?}"
        );
        assert_eq!(
            names_in(folder.path()),
            ["good.png"],
            "{flags:?} left a file"
        );
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = folder();
    fs::create_dir(folder.path().join("a.xyz")).unwrap();
    let before = names_in(folder.path());
    for (output, part) in [
        ("missing/a.xyz", "missing"),
        ("a.xyz", "a.xyz"),
        ("", "-o"),
        ("good.png/a.xyz", "good.png"),
    ] {
        let args = ["etch", "good.png", "--spacing", "0.2", "-o", output];
        let output = glyptic()
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{args:?}: {line}"
        );
        assert!(
            line.contains(part) && line.lines().count() == 1,
            "{args:?}: {line}"
        );
        assert_eq!(names_in(folder.path()), before);
    }
}

#[test]
fn an_output_never_overwrites_an_input() {
    let folder = folder();
    let photo = fs::read(folder.path().join("good.png")).unwrap();
    refused(
        folder.path(),
        "good.png",
        &["--preview", "good.png"],
        "overwritten",
    );
    refused(
        folder.path(),
        "good.png",
        &["--tone-map", "./good.png"],
        "overwritten",
    );
    refused(
        folder.path(),
        "good.png",
        &["--depth", "good.png", "--report", "good.png"],
        "overwritten",
    );
    refused(folder.path(), "good.png", &["--report", "out.xyz"], "twice");
    assert_eq!(fs::read(folder.path().join("good.png")).unwrap(), photo);
    // What defines a crystal and a machine is an input too, by whichever file it is reached.
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("mine.toml", "based_on = \"green-532\"\n");
    let square = r#"<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h20v20h-20z"/></svg>"#;
    write("square.svg", square);
    write(
        "own.toml",
        "outline = \"square.svg\"\nsize_mm = [20, 20, 8]\n",
    );
    for target in ["mine.toml", "square.svg", "own.toml"] {
        let flags = [
            "--machine",
            "mine.toml",
            "--blank",
            "own.toml",
            "--report",
            target,
        ];
        refused(folder.path(), "good.png", &flags, "overwritten");
    }
    let flags = ["--machine", "mine.toml", "--blank", "own.toml", "--json"];
    let output = etch(folder.path(), "good.png", &flags);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let read: Vec<&str> = report["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input["path"].as_str().unwrap())
        .collect();
    assert_eq!(read, ["good.png", "own.toml", "square.svg", "mine.toml"]);
}

#[test]
fn depth_maps_that_hold_no_depth() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    common::depth(&at("flat.png"), [50, 50], |_, _| 0.5);
    fs::write(at("text.png"), "not a depth map").unwrap();
    refused(
        folder.path(),
        "good.png",
        &["--depth", "text.png"],
        "text.png",
    );
    accepted(
        folder.path(),
        "good.png",
        &["--depth", "flat.png"],
        "the relief is flat",
    );
}
