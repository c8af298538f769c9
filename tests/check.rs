//! `glyptic check` from outside, on files that the program made and on the same files spoiled.

mod common;

use std::fs;
use std::path::Path;

use common::{run, write_xyz};
use serde_json::Value;

/// The findings, and whether the exit code says the same.
#[track_caller]
fn findings(folder: &Path, file: &str, more: &[&str]) -> Value {
    let output = run(folder, &[&["check", file, "--json"], more].concat());
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = if findings["safe"] == true { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(code), "{findings:#}");
    findings
}

fn kinds(findings: &Value) -> Vec<&str> {
    let faults = findings["faults"].as_array().unwrap();
    let kind = |fault: &'_ Value| -> Option<usize> { fault["message"].as_str().map(str::len) };
    assert!(faults.iter().all(|fault| kind(fault).is_some()));
    faults
        .iter()
        .map(|fault| fault["kind"].as_str().unwrap())
        .collect()
}

/// A folder with an etched photo in three formats.
fn etched() -> tempfile::TempDir {
    let files = ["-o", "a.dxf", "-o", "a.ply", "-o", "a.xyz"];
    common::etched(&[&files[..], &["--report", "a.json"]].concat())
}

#[test]
fn what_the_program_makes_is_safe_in_every_format() {
    let folder = etched();
    let points = common::points_of_text(&folder.path().join("a.xyz"));
    let ratio = common::least_ratio(&points, 0.08, 0.09);
    let report: Value =
        serde_json::from_slice(&fs::read(folder.path().join("a.json")).unwrap()).unwrap();
    for file in ["a.dxf", "a.ply", "a.xyz"] {
        let found = findings(folder.path(), file, &[]);
        assert_eq!(found["points"], points.len(), "{file}");
        let least = found["spacing"]["least_ratio"].as_f64().unwrap();
        assert!((least - ratio).abs() < 1e-6, "{least} {ratio}");
        assert_eq!(found["clearance"]["outside"], 0);
        assert_eq!(found["order"]["shot_through"], 0);
        let seconds = found["machine"]["seconds"].as_f64().unwrap();
        let estimated = report["estimate"]["seconds"].as_f64().unwrap();
        assert!((seconds - estimated).abs() < 1e-6 * estimated);
    }
    // Held against the report, and against more than was promised.
    let recorded = findings(folder.path(), "a.dxf", &["--config", "a.json"]);
    assert_eq!(recorded["clearance"]["blank"], "heart-30");
    let wider = findings(folder.path(), "a.dxf", &["--spacing", "0.1x0.1"]);
    assert_eq!(kinds(&wider), ["spacing"]);
    let deeper = findings(folder.path(), "a.dxf", &["--margin", "4.7mm"]);
    assert!(kinds(&deeper).contains(&"clearance"));
}

#[test]
fn spoiled_points_are_found_one_by_one() {
    let folder = etched();
    let sound = common::points_of_text(&folder.path().join("a.xyz"));
    let number = sound.len() as u64 + 1;
    let [x, y, z] = sound[100];
    for (name, point, kind) in [
        ("twice.xyz", [x, y, z], "duplicates"),
        ("near.xyz", [x + 0.005, y, z], "spacing"),
        ("shallow.xyz", [0.0, 0.0, 4.2], "clearance"),
        ("outside.xyz", [0.0, 30.0, 0.0], "outside"),
    ] {
        let mut points = sound.clone();
        points.push(point);
        write_xyz(folder.path(), name, &points);
        let found = findings(folder.path(), name, &[]);
        assert_eq!(kinds(&found), [kind], "{name}");
        let (closest, worst) = (
            &found["spacing"]["closest"][0],
            &found["clearance"]["worst"][0],
        );
        let told = closest["points"][1].as_u64().or(worst["point"].as_u64());
        assert_eq!(told, Some(number), "{name}");
        if kind == "spacing" {
            let slow = common::least_ratio(&points, 0.08, 0.09);
            let least = found["spacing"]["least_ratio"].as_f64().unwrap();
            assert!((least - slow).abs() < 1e-6, "{least} {slow}");
        }
    }
}

#[test]
fn files_that_cannot_be_read_are_not_safe() {
    let folder = etched();
    let path = |name: &str| folder.path().join(name);
    let text = fs::read_to_string(path("a.xyz")).unwrap();
    fs::write(path("nan.xyz"), text.clone() + "nan 0 0\n").unwrap();
    fs::write(path("words.xyz"), text + "a cat here\n").unwrap();
    for (from, to) in [("a.dxf", "half.dxf"), ("a.ply", "half.ply")] {
        let bytes = fs::read(path(from)).unwrap();
        fs::write(path(to), &bytes[..bytes.len() / 2]).unwrap();
    }
    let files = [
        "nan.xyz",
        "words.xyz",
        "half.dxf",
        "half.ply",
        "none.xyz",
        "photo.png",
    ];
    for file in files {
        assert_eq!(kinds(&findings(folder.path(), file, &[])), ["unreadable"]);
        let output = run(folder.path(), &["check", file]);
        assert_eq!(output.status.code(), Some(1));
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            line.starts_with("glyptic: error: ") && line.contains(file),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
        assert_eq!(
            line.contains("is a PNG picture, not a file of points"),
            file == "photo.png"
        );
    }
}

#[test]
fn units_and_frames_are_what_the_flags_say() {
    let (folder, flags) = (
        tempfile::tempdir().unwrap(),
        ["--frame", "bed", "--units", "in"],
    );
    // In the middle of a block of 50 x 50 x 80 mm, and 1 mm below its top: 40 and 79 mm up.
    write_xyz(
        folder.path(),
        "a.xyz",
        &[[0.0, 0.0, 40.0 / 25.4], [0.0, 0.5, 79.0 / 25.4]],
    );
    let blank = ["--blank", "block-50x50x80"];
    let found = findings(folder.path(), "a.xyz", &[&blank[..], &flags[..]].concat());
    assert_eq!(kinds(&found), ["clearance"]);
    let least = found["clearance"]["least_mm"].as_f64().unwrap();
    assert!((least - 1.0).abs() < 0.002, "{least}");
}

#[test]
fn limits_of_a_machine_from_a_file_are_kept() {
    let folder = etched();
    let profile = "based_on = \"green-532\"\nlargest_count = 10\nlargest_file_mb = 0.01\n\
                   field_mm = [5, 5]\ndepth_range_mm = 2\n";
    fs::write(folder.path().join("small.toml"), profile).unwrap();
    let found = findings(folder.path(), "a.dxf", &["--machine", "small.toml"]);
    assert_eq!(
        kinds(&found),
        ["count", "file_size", "depth_range", "field"]
    );
}

#[test]
fn a_picture_marks_the_faults_and_text_names_them() {
    let folder = etched();
    let mut points = common::points_of_text(&folder.path().join("a.xyz"));
    points.push([0.0, 0.0, 4.2]);
    write_xyz(folder.path(), "b.xyz", &points);
    let output = run(folder.path(), &["check", "b.xyz", "--preview", "b.png"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("b.xyz: NOT SAFE, 1 fault\n  fault: 1 point lies less than 2 mm"));
    let picture = image::open(folder.path().join("b.png")).unwrap().to_rgb8();
    let warm = |pixel: &image::Rgb<u8>| pixel[0] > 200 && pixel[2] < 80;
    assert!(picture.pixels().any(warm));
    let output = run(folder.path(), &["check", "a.xyz", "--preview", "a.xyz"]);
    assert!(!output.status.success(), "the input would be overwritten");
    assert!(folder.path().join("a.xyz").metadata().unwrap().len() > 1000);
}

#[test]
fn wrong_usage_is_told_apart_from_unsafe_files() {
    let folder = etched();
    for args in [
        &["check"][..],
        &["check", "a.dxf", "--blank", "hart"],
        &["check", "a.dxf", "--machine", "none"],
        &["check", "a.dxf", "--spacing", "0x0.1"],
        &["check", "a.dxf", "--margin", "50mm"],
        &["check", "a.dxf", "--units", "miles"],
    ] {
        assert_eq!(run(folder.path(), args).status.code(), Some(2), "{args:?}");
    }
    let schema = run(folder.path(), &["schema", "check"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["faults"].is_object());
}

#[test]
fn a_blank_is_drawn_with_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "blanks",
        "show",
        "heart-35",
        "--preview",
        "heart.png",
        "--json",
    ];
    let output = run(folder.path(), &args);
    assert!(output.status.success(), "{output:?}");
    let blank: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(blank["width_mm"], 35.0);
    let picture = image::open(folder.path().join("heart.png"))
        .unwrap()
        .to_luma8();
    assert!(picture.width() > 500 && picture.pixels().any(|pixel| pixel[0] > 150));
}
