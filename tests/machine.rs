//! Machines other than the default one, from outside: their coordinates, fields and limits.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{folder_with_photo, names_in, points_of_text, run};
use serde_json::Value;

/// A machine file based on `green-532`.
fn machine(folder: &Path, keys: &str) {
    fs::write(
        folder.join("mine.toml"),
        format!("based_on = \"green-532\"\n{keys}"),
    )
    .unwrap();
}

fn etch(folder: &Path, outputs: &[&str], more: &[&str]) -> Output {
    let mut args = vec!["etch", "photo.png", "--quality", "draft", "--json"];
    for output in outputs {
        args.extend(["-o", output]);
    }
    run(folder, &[&args[..], more].concat())
}

#[track_caller]
fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const MINE: [&str; 2] = ["--machine", "mine.toml"];

#[test]
fn axes_origin_unit_and_mirror_are_those_of_the_machine() {
    let (folder, _) = folder_with_photo(common::ramp);
    let keys = "axes = \"+y -x +z\"\norigin_mm = [10, 20, 30]\nmirror = \"x\"\nunits = \"um\"\n";
    machine(folder.path(), keys);
    // Spacing on no grid would give other points.
    let spacing = ["--spacing", "0.2x0.2", "--precision", "0.01"];
    let told = report(&etch(
        folder.path(),
        &["a.xyz", "a.ply"],
        &[&MINE[..], &spacing].concat(),
    ));
    assert_eq!(told["file_frame"].as_array().unwrap().len(), 3);
    let ratio = told["spacing"]["least_ratio"].as_f64().unwrap();
    assert!((1.0..1.2).contains(&ratio), "{ratio}");
    assert_eq!(told["spacing"]["xy_mm"], 0.2);
    let points = points_of_text(&folder.path().join("a.xyz"));
    // Back: x = mirrored and turned twice.
    let glass: Vec<[f64; 3]> = points
        .iter()
        .map(|[a, b, c]| [b / 1000.0 - 20.0, a / 1000.0 - 10.0, c / 1000.0 - 30.0])
        .collect();
    assert!(common::least_ratio(&glass, 0.2, 0.2) >= 1.0 - 1e-6);
    let (min, max) = (&told["bounds_mm"]["min"], &told["bounds_mm"]["max"]);
    for axis in 0..3 {
        let values = glass.iter().map(|point| point[axis]);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::NEG_INFINITY, f64::max);
        assert!((least - min[axis].as_f64().unwrap()).abs() < 1e-4);
        assert!((most - max[axis].as_f64().unwrap()).abs() < 1e-4);
    }
    let header = fs::read(folder.path().join("a.ply")).unwrap();
    let header = String::from_utf8_lossy(&header[..600]).into_owned();
    assert!(header.contains("comment units micrometres") && header.contains("axes +y -x +z"));
}

#[test]
fn the_spacing_holds_in_the_glass_behind_compensated_depths() {
    let (folder, _) = folder_with_photo(common::disc);
    common::depth(&folder.path().join("depth.png"), [60, 60], common::dome);
    machine(folder.path(), "z_compensation = \"divide\"\nindex = 1.5\n");
    let depth = ["--depth", "depth.png", "--relief", "2mm"];
    let told = report(&etch(
        folder.path(),
        &["a.dxf"],
        &[&MINE[..], &depth].concat(),
    ));
    assert_eq!(told["z_compensation"], "divide");
    let points = points_of_text(&folder.path().join("a.dxf"));
    let glass: Vec<[f64; 3]> = points
        .iter()
        .map(|[x, y, z]| [*x, *y, 5.0 - (5.0 - z) * 1.5])
        .collect();
    assert!(common::least_ratio(&glass, 0.08, 0.09) >= 1.0 - 1e-6);
    let again = told["settings"]["machine"]["spacing_z_mm"].as_f64();
    assert_eq!(again, Some(0.09), "the report makes the same again");
}

#[test]
fn frames_that_hold_the_grid_get_the_points_of_any_machine() {
    let (folder, _) = folder_with_photo(common::disc);
    let plain = report(&etch(folder.path(), &["a.dxf"], &[]));
    for keys in [
        "mirror = \"x\"\n",
        "axes = \"+x -y +z\"\n",
        "origin_mm = [60, 60, 5]\n",
    ] {
        machine(folder.path(), keys);
        let told = report(&etch(folder.path(), &["b.dxf"], &MINE));
        assert_eq!(told["points"], plain["points"], "{keys}");
        assert_eq!(told["bounds_mm"], plain["bounds_mm"], "{keys}");
        assert_eq!(told["estimate"], plain["estimate"], "{keys}");
    }
    // Micrometres resolve more than the grid of a DXF in millimetres.
    machine(folder.path(), "units = \"um\"\n");
    let told = report(&etch(folder.path(), &["b.dxf"], &MINE));
    assert_eq!(told["settings"]["output"]["precision_mm"], 0.001);
    assert!(told["spacing"]["least_ratio"].as_f64().unwrap() < 1.001);
}

#[test]
fn spacing_and_margin_hold_in_the_numbers_of_any_machine_and_check_reads_them() {
    let (folder, _) = folder_with_photo(|_, _| 1.0);
    let flags = [
        "--blank",
        "disc-16x10",
        "--tone",
        "linear",
        "--report",
        "r.json",
    ];
    for keys in [
        "units = \"in\"\ndecimals = 3\nformat = \"xyz\"\n",
        "units = \"in\"\norigin_mm = [50, 50, 10]\n",
        "units = \"um\"\norigin_mm = [45, 45, 0.5]\naxes = \"-y +x +z\"\n",
        "z_compensation = \"divide\"\nindex = 1.5\n",
        "origin_mm = [0.1234, 0, 0]\n",
    ] {
        machine(folder.path(), keys);
        let told = report(&etch(
            folder.path(),
            &["a.xyz"],
            &[&MINE[..], &flags].concat(),
        ));
        for target in [
            &["--config", "r.json"][..],
            &["--blank", "disc-16x10", "--machine", "mine.toml"],
        ] {
            let output = run(
                folder.path(),
                &[&["check", "a.xyz", "--json"][..], target].concat(),
            );
            assert!(output.status.success(), "{keys} {output:?}");
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let least = &found["clearance"]["least_mm"];
            let gap_mm = least.as_f64().unwrap() - told["clearance_mm"].as_f64().unwrap();
            assert!(gap_mm.abs() < 1e-4, "{keys} {gap_mm}");
            assert!(
                found["warnings"].to_string().contains("are read as mine"),
                "{found}"
            );
        }
        let other = ["check", "a.xyz", "--config", "r.json", "--units", "mm"];
        if keys.starts_with("units") {
            assert_eq!(run(folder.path(), &other).status.code(), Some(1), "{keys}");
        }
    }
}

#[test]
fn the_estimate_counts_the_slabs_that_the_order_has() {
    let (folder, _) = folder_with_photo(common::disc);
    let seconds = |flags: &[&str]| {
        let told = report(&etch(folder.path(), &["a.ply"], flags));
        let points = told["points"].as_f64().unwrap();
        told["estimate"]["seconds"].as_f64().unwrap() / points
    };
    let usual = seconds(&["--jitter-z", "0"]);
    for spacing in ["0.08x0.05", "0.08x0.2"] {
        let other = seconds(&["--jitter-z", "0", "--layers", "4", "--spacing", spacing]);
        assert!(other < 1.3 * usual, "{spacing}: {other} s a point, {usual}");
    }
}

#[test]
fn a_small_field_makes_a_file_for_each_part_and_a_manifest() {
    let (folder, _) = folder_with_photo(common::disc);
    machine(folder.path(), "field_mm = [12, 16]\n");
    let flags = [&MINE[..], &["--blank", "heart-35", "--report", "r.json"]].concat();
    let whole = report(&etch(
        folder.path(),
        &["whole.xyz"],
        &["--blank", "heart-35"],
    ));
    let told = report(&etch(folder.path(), &["a.xyz"], &flags));
    let files = told["outputs"].as_array().unwrap();
    assert!(files.len() >= 4 && !folder.path().join("a.xyz").exists());
    assert!(told["warnings"].to_string().contains("manifest"));
    let manifest = fs::read(folder.path().join("a.xyz.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["points"], told["points"]);
    // Each part has its own way; the points take the same time.
    let seconds = |told: &Value| told["estimate"]["seconds"].as_f64().unwrap();
    assert!((seconds(&told) / seconds(&whole) - 1.0).abs() < 0.2);
    let mut all = Vec::new();
    for tile in manifest["tiles"].as_array().unwrap() {
        let name = tile["file"].as_str().unwrap();
        let place = format!("-c{}r{}.", tile["column"], tile["row"]);
        assert!(name.contains(&place), "{tile}");
        // A part is held against the crystal where it lies in it.
        let check = run(
            folder.path(),
            &["check", name, "--config", "r.json", "--json"],
        );
        let found: Value = serde_json::from_slice(&check.stdout).unwrap();
        assert!(
            found["clearance"]["least_mm"].as_f64().unwrap() >= 2.0,
            "{found}"
        );
        assert!(found["warnings"].to_string().contains("one part of a job"));
        let points = points_of_text(&folder.path().join(tile["file"].as_str().unwrap()));
        assert_eq!(tile["points"], points.len());
        let centre = [0, 1].map(|axis| tile["centre_mm"][axis].as_f64().unwrap());
        for [x, y, z] in points {
            assert!(x.abs() <= 6.0 && y.abs() <= 8.0);
            all.push([x + centre[0], y + centre[1], z].map(|v| (v * 1000.0).round() as i64));
        }
    }
    let wanted = points_of_text(&folder.path().join("whole.xyz"));
    let mut wanted: Vec<[i64; 3]> = wanted
        .iter()
        .map(|p| p.map(|v| (v * 1000.0).round() as i64))
        .collect();
    assert_eq!(whole["points"], wanted.len());
    all.sort_unstable();
    wanted.sort_unstable();
    assert!(all == wanted, "the parts together are the whole");
    // The report makes the same again.
    let before = names_in(folder.path());
    for file in files {
        fs::remove_file(folder.path().join(file["path"].as_str().unwrap())).unwrap();
    }
    assert!(
        run(folder.path(), &["etch", "--config", "r.json"])
            .status
            .success()
    );
    assert_eq!(names_in(folder.path()), before);
    // Files of one job beside those of another, of the same name, are told of.
    let stale = |told: &Value, name: &str| {
        let warnings = told["warnings"].to_string();
        assert!(
            warnings.contains(&format!("{name} stands beside the files")),
            "{warnings}"
        );
    };
    let told = report(&etch(folder.path(), &["a.xyz"], &["--blank", "heart-35"]));
    stale(&told, "a.xyz.manifest.json");
    stale(&told, "a-c1r1.xyz");
    stale(&report(&etch(folder.path(), &["a.xyz"], &flags)), "a.xyz");
    // Parts of another division too, which the new manifest no longer tells of.
    fs::remove_file(folder.path().join("a.xyz")).unwrap();
    machine(folder.path(), "field_mm = [22, 30]\n");
    let told = report(&etch(folder.path(), &["a.xyz"], &flags));
    stale(&told, "a-c2r2.xyz");
    assert!(!told["warnings"].to_string().contains("a-c1r1.xyz stands"));
}

#[test]
fn limits_of_the_machine_end_the_job_before_a_file_appears() {
    let (folder, _) = folder_with_photo(common::disc);
    for (keys, part) in [
        ("largest_count = 10\n", "takes 10 points"),
        ("largest_file_mb = 0.01\n", "takes files of 0.01 MB"),
        ("depth_range_mm = 2\n", "reaches 2 mm below"),
        ("field_mm = [1, 1]\nlargest_count = 1\n", "takes 1 points"),
    ] {
        machine(folder.path(), keys);
        let output = etch(folder.path(), &["a.dxf"], &MINE);
        assert_eq!(output.status.code(), Some(2), "{keys}");
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.contains(part) && line.lines().count() == 1, "{line}");
        assert_eq!(names_in(folder.path()), ["mine.toml", "photo.png"]);
    }
}

#[test]
fn the_machine_says_which_dialect_it_reads() {
    let (folder, _) = folder_with_photo(common::impulse);
    machine(folder.path(), "dialect = \"r12\"\n");
    let told = report(&etch(folder.path(), &["a.dxf"], &MINE));
    assert_eq!(told["outputs"][0]["format"], "dxf-r12");
    let flag = [&MINE[..], &["--dxf-dialect", "cockpit"]].concat();
    let told = report(&etch(folder.path(), &["a.dxf"], &flag));
    assert_eq!(told["outputs"][0]["format"], "dxf-cockpit");
}

#[test]
fn the_machine_says_how_many_decimals_it_reads() {
    let (folder, _) = folder_with_photo(common::impulse);
    let first_line = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    let digits = |line: &str| -> Vec<usize> {
        let words = line.split(' ');
        words
            .map(|word| word.split_once('.').unwrap().1.len())
            .collect()
    };
    machine(folder.path(), "decimals = 2\n");
    let told = report(&etch(folder.path(), &["a.xyz"], &MINE));
    assert_eq!(digits(&first_line("a.xyz")), [2; 3]);
    // The points stand on what the file resolves.
    assert_eq!(told["settings"]["output"]["precision_mm"], 0.01);
    assert!(told["spacing"]["least_ratio"].as_f64().unwrap() >= 1.0);
    let flag = [&MINE[..], &["--decimals", "3"]].concat();
    report(&etch(folder.path(), &["b.xyz"], &flag));
    assert_eq!(digits(&first_line("b.xyz")), [3; 3]);
}

#[test]
fn decimals_too_coarse_for_the_spacing_are_refused_in_every_unit() {
    let (folder, _) = folder_with_photo(common::impulse);
    for (keys, file) in [
        // Steps of 0.254 mm and 0.0254 mm.
        ("units = \"in\"\n", "a.dxf"),
        (
            "units = \"in\"\ndecimals = 3\nspacing_xy_mm = 0.075\n",
            "a.xyz",
        ),
    ] {
        machine(folder.path(), keys);
        let output = etch(folder.path(), &[file], &MINE);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            line.contains("is below 3 steps of 0.") && line.contains("mine"),
            "{line}"
        );
        assert!(!folder.path().join(file).exists());
    }
    machine(folder.path(), "units = \"um\"\ndecimals = 2\n");
    report(&etch(folder.path(), &["a.xyz"], &MINE));
}
