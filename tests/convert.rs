//! `glyptic convert` from outside: plain conversions keep everything, mended files pass the check.

mod common;

use std::fs;
use std::path::Path;

use common::{run, write_xyz};
use glyptic::{format, random};
use serde_json::Value;

/// What a conversion tells as JSON.
#[track_caller]
fn convert(folder: &Path, from: &str, to: &str, more: &[&str]) -> Value {
    let output = run(folder, &[&["convert", from, to, "--json"], more].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether the file passes the check.
fn is_safe(folder: &Path, file: &str, more: &[&str]) -> bool {
    let output = run(folder, &[&["check", file, "--json"], more].concat());
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    if findings["safe"] != true {
        eprintln!("{findings:#}");
    }
    findings["safe"] == true
}

/// A folder with an etched photo on the grid of 0.01 mm.
fn etched() -> tempfile::TempDir {
    common::etched(&["-o", "a.dxf", "-o", "a.xyz"])
}

fn scattered(count: u64, side_mm: f64) -> Vec<[f64; 3]> {
    (0..count)
        .map(|i| [1, 2, 3].map(|axis| side_mm * (f64::from(random::unit(axis, i)) - 0.5)))
        .collect()
}

#[test]
fn a_plain_conversion_keeps_every_point_and_their_order() {
    let folder = etched();
    let path = |name: &str| folder.path().join(name);
    let original = format::read(&path("a.dxf")).unwrap();
    let mut last = "a.dxf".to_owned();
    for (number, name) in ["b.ply", "b.xyz", "c.dxf", "d.ply", "a2.dxf"]
        .iter()
        .enumerate()
    {
        let dialect: &[&str] = if *name == "c.dxf" {
            &["--dxf-dialect", "r12"]
        } else {
            &[]
        };
        let told = convert(folder.path(), &last, name, dialect);
        assert_eq!(told["points"], original.len());
        assert!(told["warnings"].as_array().unwrap().is_empty(), "{number}");
        assert!(format::read(&path(name)).unwrap() == original, "{name}");
        last = (*name).to_owned();
    }
    // All the way around, byte for byte.
    assert!(fs::read(path("a.dxf")).unwrap() == fs::read(path("a2.dxf")).unwrap());
}

#[test]
fn units_frames_and_mirrors_come_back() {
    let folder = etched();
    let blank = ["--blank", "heart-30"];
    let to = ["--frame", "bed", "--units", "in", "--mirror", "x"];
    convert(
        folder.path(),
        "a.xyz",
        "bed.ply",
        &[&blank[..], &to[..], &["--ply-ascii"]].concat(),
    );
    let text = fs::read_to_string(folder.path().join("bed.ply")).unwrap();
    assert!(text.contains("comment units inches") && text.contains("comment frame bed"));
    assert!(!text.contains("millimetres"));
    let from = ["--from-frame", "bed", "--from-units", "in", "--mirror", "x"];
    convert(
        folder.path(),
        "bed.ply",
        "back.xyz",
        &[&blank[..], &from[..]].concat(),
    );
    let [there, back] =
        ["a.xyz", "back.xyz"].map(|name| common::points_of_text(&folder.path().join(name)));
    assert_eq!(there.len(), back.len());
    let bed = common_first(&text);
    assert!((bed[0] * 25.4 + there[0][0]).abs() < 0.002);
    assert!((bed[2] * 25.4 - 5.0 - there[0][2]).abs() < 0.002);
    for (a, b) in there.iter().zip(&back) {
        // Half of the fourth decimal of an inch, and of a millimetre.
        assert!(
            (0..3).all(|axis| (a[axis] - b[axis]).abs() < 0.00135),
            "{a:?} {b:?}"
        );
    }
    let vague = run(
        folder.path(),
        &["convert", "a.xyz", "b.xyz", "--frame", "bed"],
    );
    assert_eq!(vague.status.code(), Some(2));
}

/// The first vertex of an ASCII PLY.
fn common_first(text: &str) -> Vec<f64> {
    let line = text
        .lines()
        .skip_while(|line| *line != "end_header")
        .nth(1)
        .unwrap();
    line.split(' ').map(|word| word.parse().unwrap()).collect()
}

#[test]
fn respacing_holds_in_the_bytes_and_leaves_the_others_alone() {
    let folder = etched();
    let sound = common::points_of_text(&folder.path().join("a.xyz"));
    let mut spoiled = sound.clone();
    spoiled.push(sound[10]);
    spoiled.push(sound[20]);
    let count = sound.len();
    for place in [count / 3, count / 2] {
        spoiled[place][0] += 0.04;
    }
    write_xyz(folder.path(), "bad.xyz", &spoiled);
    assert!(!is_safe(folder.path(), "bad.xyz", &[]));
    for name in ["good.dxf", "good.xyz", "good.ply"] {
        let told = convert(folder.path(), "bad.xyz", name, &["--respace"]);
        assert!(is_safe(folder.path(), name, &[]), "{name}");
        let moves = &told["respaced"];
        let (moved, dropped) = (
            moves["moved"].as_u64().unwrap(),
            moves["dropped"].as_u64().unwrap(),
        );
        assert!((2..=6).contains(&(moved + dropped)), "{told:#}");
        assert!(moves["most_mm"].as_f64().unwrap() <= 0.0901);
        let mended = format::read(&folder.path().join(name)).unwrap();
        assert_eq!(mended.len() as u64 + dropped, spoiled.len() as u64);
        let before: Vec<[u32; 3]> = spoiled
            .iter()
            .map(|p| p.map(|v| (v as f32).to_bits()))
            .collect();
        let before: std::collections::HashSet<_> = before.into_iter().collect();
        let new = mended
            .points()
            .filter(|p| !before.contains(&p.map(f32::to_bits)));
        assert_eq!(new.count() as u64, moved, "{name}");
    }
}

#[test]
fn random_points_become_a_file_that_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let points = scattered(20_000, 12.0);
    write_xyz(folder.path(), "bad.xyz", &points);
    for (name, more) in [
        ("a.dxf", &[][..]),
        ("a.ply", &[]),
        ("b.xyz", &["--fit"]),
        (
            "c.dxf",
            &["--fit", "--thin", "5k", "--dxf-dialect", "ac1015"],
        ),
    ] {
        let flags = ["--blank", "heart-25", "--trim", "--respace", "--reorder"];
        let told = convert(folder.path(), "bad.xyz", name, &[&flags[..], more].concat());
        assert!(
            is_safe(folder.path(), name, &["--blank", "heart-25"]),
            "{name}"
        );
        let sum = ["points", "trimmed", "thinned"].map(|key| told[key].as_u64().unwrap());
        let dropped = told["respaced"]["dropped"].as_u64().unwrap();
        assert_eq!(sum.iter().sum::<u64>() + dropped, 20_000);
        if more.is_empty() {
            // Without the library: what is left keeps the spacing.
            let read = format::read(&folder.path().join(name)).unwrap();
            let read: Vec<[f64; 3]> = read.points().map(|p| p.map(f64::from)).collect();
            assert!(common::least_ratio(&read, 0.08, 0.09) > 1.0 - 1e-4);
        } else {
            assert_eq!(told["trimmed"], 0);
        }
    }
}

#[test]
fn rounding_that_breaks_the_spacing_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    // Pairs at 0.0802 mm, of which rounding makes 0.08 or 0.09 in one direction, less across.
    let points: Vec<[f64; 3]> = (0..200)
        .map(|i| {
            let (pair, second) = (i / 2, f64::from(i % 2));
            let start = 0.3 * f64::from(pair) + 0.001 * f64::from(pair % 10);
            [
                start + second * 0.0655,
                second * 0.0462 + 0.0027 * f64::from(pair % 7),
                0.0,
            ]
        })
        .collect();
    write_xyz(folder.path(), "a.xyz", &points);
    let told = convert(folder.path(), "a.xyz", "a.dxf", &[]);
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("rounding") && warning.contains("--respace"),
        "{warning}"
    );
    let told = convert(folder.path(), "a.xyz", "b.dxf", &["--respace"]);
    assert!(told["warnings"].as_array().unwrap().is_empty());
    assert!(told["after"]["least_ratio"].as_f64().unwrap() >= 1.0);
    let fine = convert(folder.path(), "a.xyz", "c.ply", &[]);
    assert!(fine["warnings"].as_array().unwrap().is_empty());
}

#[test]
fn text_is_written_as_the_flags_and_the_machine_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_xyz(
        folder.path(),
        "a.xyz",
        &[[1.0, -2.25, 0.1234], [0.5, 3.0, 0.0]],
    );
    let flags = ["--separator", "semicolon", "--header", "--decimals", "3"];
    let told = convert(folder.path(), "a.xyz", "b.csv", &flags);
    let text = fs::read_to_string(path("b.csv")).unwrap();
    let wanted = "x_mm;y_mm;z_mm\n1.000;-2.250;0.123\n0.500;3.000;0.000\n";
    assert_eq!(text, wanted);
    assert_eq!(told["points"], 2);
    // The least distance is that of the decimals written, and respacing works on them.
    let near = [[0.0, 0.0, 0.0], [0.0949, 0.0, 0.0], [5.0, 0.0, 0.0]];
    write_xyz(folder.path(), "near.xyz", &near);
    let spacing = ["--spacing", "0.0949x0.09", "--decimals", "2"];
    let told = convert(
        folder.path(),
        "near.xyz",
        "c.xyz",
        &[&spacing[..], &["--respace"]].concat(),
    );
    assert!(
        told["after"]["least_ratio"].as_f64().unwrap() >= 1.0,
        "{told:#}"
    );
    assert_eq!(told["respaced"]["moved"], 1);
    let text = fs::read_to_string(path("c.xyz")).unwrap();
    assert!(text.lines().all(|line| {
        line.split(' ')
            .all(|word| word.split_once('.').unwrap().1.len() == 2)
    }));
    // A machine says how many, and a flag goes before it.
    fs::write(
        path("mine.toml"),
        "based_on = \"green-532\"\ndecimals = 5\ndialect = \"r12\"\n",
    )
    .unwrap();
    let machine = ["--machine", "mine.toml"];
    convert(folder.path(), "a.xyz", "d.xyz", &machine);
    let text = fs::read_to_string(path("d.xyz")).unwrap();
    assert!(text.starts_with("1.00000 -2.25000 0.12340\n"), "{text}");
    convert(
        folder.path(),
        "a.xyz",
        "e.xyz",
        &[&machine[..], &["--decimals", "2"]].concat(),
    );
    assert!(
        fs::read_to_string(path("e.xyz"))
            .unwrap()
            .starts_with("1.00 -2.25 0.12\n")
    );
    let told = convert(folder.path(), "a.xyz", "f.dxf", &machine);
    assert_eq!(told["output"]["format"], "dxf-r12");
    for decimals in ["1", "7"] {
        let output = run(
            folder.path(),
            &["convert", "a.xyz", "g.xyz", "--decimals", decimals],
        );
        assert_eq!(output.status.code(), Some(2));
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.contains("is not between 2 and 6"), "{line}");
        assert!(!path("g.xyz").exists());
    }
}

#[test]
fn a_disc_comes_out_of_a_fit_larger_than_the_middle_of_a_heart_allows() {
    let folder = tempfile::tempdir().unwrap();
    let points: Vec<[f64; 3]> = scattered(20_000, 2.0)
        .into_iter()
        .filter(|[x, y, _]| x * x + y * y <= 1.0)
        .map(|[x, y, z]| [50.0 + 10.0 * x, 10.0 * y, 0.5 * z])
        .collect();
    write_xyz(folder.path(), "disc.xyz", &points);
    for name in ["fit.dxf", "fit.ply"] {
        let told = convert(
            folder.path(),
            "disc.xyz",
            name,
            &["--fit", "--blank", "heart-30"],
        );
        assert_eq!(
            (&told["trimmed"], &told["points"]),
            (&0.into(), &points.len().into())
        );
        // 0.57 around the middle of the heart's box: its sides run together below.
        let scale = told["fit"]["scale"].as_f64().unwrap();
        assert!((0.79..0.81).contains(&scale), "{scale}");
        let read = format::read(&folder.path().join(name)).unwrap();
        let found = run(
            folder.path(),
            &["check", name, "--blank", "heart-30", "--json"],
        );
        let found: Value = serde_json::from_slice(&found.stdout).unwrap();
        for key in ["outside", "within_margin"] {
            assert_eq!(found["clearance"][key], 0, "{key}");
        }
        assert_eq!(found["entry"]["out_of_reach"], 0);
        let (least, most) = read.bounds().unwrap();
        assert!((f64::from(most[0] - least[0]) - 20.0 * scale).abs() < 0.2);
    }
}

#[test]
fn nothing_is_written_where_nothing_can_be_converted() {
    let folder = etched();
    fs::write(folder.path().join("nan.xyz"), "0 0 nan\n").unwrap();
    fs::write(folder.path().join("far.xyz"), "100 0 0\n").unwrap();
    fs::write(folder.path().join("old.xyz"), "keep\n").unwrap();
    for (args, code) in [
        (&["convert", "nan.xyz", "old.xyz"][..], 1),
        (&["convert", "none.xyz", "old.xyz"], 1),
        (&["convert", "a.dxf", "a.dxf"], 1),
        (&["convert", "a.dxf", "new.docx"], 2),
        (&["convert", "a.dxf", "new"], 2),
        (&["convert", "a.dxf", "old.xyz", "--thin", "0"], 2),
        (&["convert", "a.dxf", "old.xyz", "--thin", "-5"], 2),
        (&["convert", "a.dxf", "old.xyz", "--blank", "hart"], 2),
        (&["convert", "far.xyz", "old.xyz", "--trim"], 2),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?} {output:?}");
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            line.starts_with("glyptic: error: ") && line.lines().count() == 1,
            "{line}"
        );
    }
    let old = fs::read_to_string(folder.path().join("old.xyz")).unwrap();
    assert_eq!(old, "keep\n");
    assert!(!folder.path().join("new").exists());
}

#[test]
fn a_line_for_people_tells_what_was_done() {
    let folder = etched();
    let args = ["convert", "a.dxf", "b.ply", "--thin", "1000", "--reorder"];
    let line = String::from_utf8(run(folder.path(), &args).stdout).unwrap();
    assert!(
        line.starts_with("b.ply (ply-binary): 1,000 points of "),
        "{line}"
    );
    assert!(
        line.contains("thinned out") && line.contains("deepest first"),
        "{line}"
    );
    let schema = run(folder.path(), &["schema", "convert"]).stdout;
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    assert!(schema["properties"]["respaced"].is_object());
}
