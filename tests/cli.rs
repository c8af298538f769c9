//! The program from outside: exit codes, what goes to which stream, help, settings files.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{folder_with_photo, names_in, run};
use serde_json::Value;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn succeed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

#[test]
fn the_shortest_command_makes_a_file() {
    let (folder, _) = folder_with_photo(common::ramp);
    let line = succeed(
        folder.path(),
        &["etch", "photo.png", "--blank", "heart-35", "-o", "a.dxf"],
    );
    assert!(
        line.starts_with("a.dxf: ") && line.lines().count() == 1,
        "{line}"
    );
    assert!(line.contains("heart-35 (35 x 35 x 12 mm)"), "{line}");
    assert_eq!(names_in(folder.path()), ["a.dxf", "photo.png"]);
}

/// Text in which each number stands for all within 2 % of it, as other mathematics libraries may give them.
fn alike(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let text = text.replace(',', "");
        text.split_whitespace().map(str::to_owned).collect()
    };
    let (one, other) = (words(one), words(other));
    let near = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 0.02 * a.abs(),
        _ => a == b,
    };
    one.len() == other.len() && one.iter().zip(&other).all(near)
}

#[test]
fn the_first_command_of_the_readme_prints_what_stands_below_it() {
    assert!(alike("1,000 points", "1,010 points") && !alike("1,000 points", "1,100 points"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("cargo run --release -- ").unwrap();
    let (command, rest) = rest.split_once('\n').unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    let (printed, _) = rest.split_once("```").unwrap();
    let samples = root.join("samples/").display().to_string();
    let args: Vec<String> = command
        .split(' ')
        .map(|word| word.replace("samples/", &samples))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let said = stderr(&output) + &stdout(&output);
    assert!(alike(printed, &said), "{said}");
}

#[test]
fn arguments_that_start_with_a_minus_work() {
    let (folder, _) = folder_with_photo(common::ramp);
    let args = ["etch", "photo.png", "-o", "a.xyz", "--spacing", "0.2x0.2"];
    let more = [
        "--offset",
        "-1,2",
        "--brightness",
        "-0.1",
        "--rotate",
        "-15",
        "--json",
    ];
    let told = succeed(folder.path(), &[&args[..], &more[..]].concat());
    let report: Value = serde_json::from_str(&told).unwrap();
    let settings = &report["settings"];
    assert_eq!(settings["placement"]["offset_x_mm"], -1.0);
    assert_eq!(settings["tone"]["brightness"], -0.1);
    assert_eq!(settings["placement"]["rotate_degrees"], -15.0);
}

#[test]
fn results_and_messages_keep_apart() {
    // A flat grey photo gives a warning.
    let (folder, _) = folder_with_photo(|_, _| 0.5);
    let args = [
        "etch",
        "photo.png",
        "-o",
        "a.xyz",
        "--spacing",
        "0.2",
        "--json",
    ];
    let output = run(folder.path(), &args);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!report["warnings"].as_array().unwrap().is_empty());
    assert!(
        stderr(&output).starts_with("glyptic: warning: "),
        "{}",
        stderr(&output)
    );
    let output = run(folder.path(), &[&args[..6], &["--quiet"]].concat());
    assert_eq!(
        (stdout(&output), stderr(&output)),
        (String::new(), String::new())
    );
}

#[test]
fn several_files_hold_the_same_points() {
    let (folder, _) = folder_with_photo(common::ramp);
    let args = [
        "etch",
        "photo.png",
        "--spacing",
        "0.2",
        "-o",
        "a.dxf",
        "-o",
        "a.xyz",
    ];
    succeed(folder.path(), &args);
    let dxf = common::points_of_text(&folder.path().join("a.dxf"));
    let xyz = common::points_of_text(&folder.path().join("a.xyz"));
    assert!(dxf == xyz && !dxf.is_empty());
}

#[test]
fn a_report_makes_the_same_again() {
    let (folder, _) = folder_with_photo(common::ramp);
    let path = |name: &str| folder.path().join(name);
    let args = [
        "etch",
        "photo.png",
        "-o",
        "a.dxf",
        "-o",
        "a.ply",
        "--report",
        "a.json",
    ];
    let more = [
        "--blank",
        "heart-25",
        "--spacing",
        "0.15x0.15",
        "--seed",
        "9",
        "--crop",
        "0,0,90,90",
    ];
    succeed(folder.path(), &[&args[..], &more[..]].concat());
    let first = [
        fs::read(path("a.dxf")).unwrap(),
        fs::read(path("a.ply")).unwrap(),
    ];
    fs::remove_file(path("a.dxf")).unwrap();
    fs::remove_file(path("a.ply")).unwrap();
    succeed(folder.path(), &["etch", "--config", "a.json"]);
    let again = [
        fs::read(path("a.dxf")).unwrap(),
        fs::read(path("a.ply")).unwrap(),
    ];
    assert!(first == again);
    // Flags override the report, and another photo is noticed.
    common::photo(&path("photo.png"), [90, 90], common::disc);
    let args = [
        "etch", "--config", "a.json", "-o", "b.xyz", "--seed", "10", "--json",
    ];
    let output = run(folder.path(), &args);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["settings"]["sampling"]["seed"], 10);
    assert!(
        stderr(&output).contains("photo.png differs from the photo"),
        "{}",
        stderr(&output)
    );
    assert!(path("b.xyz").exists());
}

#[test]
fn settings_come_from_a_file_and_flags_override_them() {
    let (folder, _) = folder_with_photo(common::ramp);
    let toml = "[machine]\nspacing_xy_mm = '200um'\nspacing_z_mm = 0.2\nlayers = 3\n[tone]\ntoning = 1.5\n";
    fs::write(folder.path().join("shop.toml"), toml).unwrap();
    let args = [
        "etch",
        "photo.png",
        "-o",
        "a.xyz",
        "--config",
        "shop.toml",
        "--layers",
        "2",
        "--json",
    ];
    let report: Value = serde_json::from_str(&succeed(folder.path(), &args)).unwrap();
    assert_eq!(report["layers"], 2);
    assert_eq!(report["settings"]["machine"]["spacing_xy_mm"], 0.2);
    assert_eq!(report["settings"]["tone"]["toning"], 1.5);
}

#[test]
fn wrong_usage_is_one_line_and_exit_code_2() {
    let (folder, _) = folder_with_photo(common::ramp);
    for (args, part) in [
        (
            &["etch", "photo.png", "-o", "a.dxf", "--blnk", "x"][..],
            "'--blank'",
        ),
        (&["etch", "photo.png"], "add -o FILE"),
        (&["etch", "-o", "a.dxf"], "no photo is named"),
        (&["etch", "photo.png", "-o", "a"], "no extension"),
        (
            &["etch", "photo.png", "-o", "a.docx"],
            "unknown format `docx`",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--format", "docx"],
            "unknown format",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--margin", "nan"],
            "finite",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--dxf-dialect", "r13"],
            "r12",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--layers", "0"],
            "--layers 0",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--machine", "red"],
            "green-532",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--blank", "hart-30"],
            "heart-30",
        ),
        (
            &["etch", "photo.png", "-o", "a.dxf", "--margin", "20mm"],
            "--margin",
        ),
        (&["etsh"], "'etch'"),
        (&["man", "etsh"], "etch"),
    ] {
        let output = run(folder.path(), args);
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {line}");
        assert!(
            line.starts_with("glyptic: error: ") && line.contains(part),
            "{args:?}: {line}"
        );
        assert_eq!(
            (line.lines().count(), stdout(&output).len()),
            (1, 0),
            "{args:?}: {line}"
        );
        assert_eq!(names_in(folder.path()), ["photo.png"]);
    }
}

#[test]
fn a_failed_job_is_one_line_and_exit_code_1() {
    let (folder, _) = folder_with_photo(common::ramp);
    for args in [
        ["etch", "missing.jpg", "-o", "a.dxf"],
        ["etch", "photo.png", "-o", "missing/a.dxf"],
        ["etch", ".", "-o", "a.dxf"],
    ] {
        let output = run(folder.path(), &args);
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {line}");
        assert!(
            line.starts_with("glyptic: error: ") && line.lines().count() == 1,
            "{line}"
        );
    }
}

#[test]
fn help_shows_every_flag_with_its_default_and_goes_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let help = succeed(folder.path(), &["etch", "--help"]);
    // Lines break where the terminal wants it.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "--blank",
        "[default: heart-30]",
        "--spacing",
        "0.08x0.09",
        "--toning",
        "[default: 1.8]",
        "--dxf-dialect",
        "Examples:",
        "Crystal and machine:",
        "Tone:",
    ] {
        assert!(help.contains(part), "{part} is missing in:\n{help}");
    }
    let version = succeed(folder.path(), &["--version"]);
    assert_eq!(
        version.trim(),
        concat!("glyptic ", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(run(folder.path(), &[]).status.code(), Some(2));
}

#[test]
fn lists_are_tables_and_json() {
    let folder = tempfile::tempdir().unwrap();
    for (list, name) in [
        ("blanks", "heart-35"),
        ("machines", "green-532"),
        ("formats", "dxf-cockpit"),
    ] {
        let table = succeed(folder.path(), &[list]);
        assert!(
            table.starts_with("name ") && table.contains(name),
            "{table}"
        );
        let items: Value =
            serde_json::from_str(&succeed(folder.path(), &[list, "--json"])).unwrap();
        let named = |item: &Value| item["name"] == name;
        assert!(items.as_array().unwrap().iter().any(named), "{items}");
    }
}

#[test]
fn numbers_that_nobody_measured_are_marked_in_the_lists() {
    let folder = tempfile::tempdir().unwrap();
    let row = |list: &str, name: &str| -> Vec<String> {
        let table = succeed(folder.path(), &[list]);
        assert!(table.contains("\nA: our assumption"), "{table}");
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line.split("  ")
            .map(|cell| cell.trim().to_owned())
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    assert_eq!(
        row("machines", "uv-355-flux")[1..5],
        ["0.1 mm", "0.1 mm", "8 A", "1000 /s A"]
    );
    assert_eq!(row("machines", "green-532")[3..5], ["8", "1500 /s"]);
    assert_eq!(
        row("blanks", "heart-30")[3..6],
        ["2 mm", "0.5 mm A", "1.5 mm A"]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_work_and_are_told_as_well_as_json_can() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let (folder, photo) = folder_with_photo(common::ramp);
    let name = |bytes: &[u8]| folder.path().join(OsStr::from_bytes(bytes));
    fs::copy(&photo, name(b"\xff.png")).unwrap();
    let succeeded = |args: &[&OsStr]| {
        let output = common::glyptic()
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        told.to_string()
    };
    let [photo, cloud, map, report, other] = [
        &b"\xff.png"[..],
        b"\xff.xyz",
        b"\xff-tone.png",
        b"\xff.json",
        b"\xff.ply",
    ]
    .map(name);
    let flags = ["--quality", "draft", "--json", "-o"].map(OsStr::new);
    let more: [&OsStr; 5] = [
        cloud.as_ref(),
        "--tone-map".as_ref(),
        map.as_ref(),
        "--report".as_ref(),
        report.as_ref(),
    ];
    let etch = [&[OsStr::new("etch"), photo.as_ref()][..], &flags, &more].concat();
    assert!(succeeded(&etch).contains("\u{fffd}.xyz"));
    let json = OsStr::new("--json");
    assert!(succeeded(&["check".as_ref(), cloud.as_ref(), json]).contains("\u{fffd}.xyz"));
    let convert = ["convert".as_ref(), cloud.as_ref(), other.as_ref(), json];
    assert!(succeeded(&convert).contains("\u{fffd}.ply"));
}

#[test]
fn what_a_command_reads_it_does_not_overwrite() {
    let (folder, _) = folder_with_photo(common::ramp);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("shop.toml", "[sampling]\nquality = \"draft\"\n");
    write("mine.toml", "based_on = \"green-532\"\n");
    write(
        "own.toml",
        "outline = \"necklace\"\nsize_mm = [24, 22, 7]\n",
    );
    let args = ["etch", "photo.png", "--config", "shop.toml"];
    let make = [&args[..], &["-o", "a.xyz", "--report", "a.json"]].concat();
    succeed(folder.path(), &make);
    let before = names_in(folder.path());
    for args in [
        &[
            "etch",
            "photo.png",
            "--config",
            "shop.toml",
            "-o",
            "b.xyz",
            "--report",
            "shop.toml",
        ][..],
        &[
            "etch",
            "photo.png",
            "--config",
            "shop.toml",
            "-o",
            "shop.toml",
            "--format",
            "xyz",
        ],
        &[
            "convert",
            "a.xyz",
            "mine.toml",
            "--format",
            "xyz",
            "--machine",
            "mine.toml",
        ],
        &[
            "check",
            "a.xyz",
            "--blank",
            "own.toml",
            "--preview",
            "own.toml",
        ],
        &[
            "check",
            "a.xyz",
            "--config",
            "shop.toml",
            "--preview",
            "shop.toml",
        ],
        &["blanks", "show", "own.toml", "--preview", "own.toml"],
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?} {output:?}");
        assert!(
            stderr(&output).contains("would be overwritten"),
            "{output:?}"
        );
        assert_eq!(names_in(folder.path()), before);
    }
    assert!(
        fs::read_to_string(folder.path().join("own.toml"))
            .unwrap()
            .starts_with("outline")
    );
    for args in [
        &["etch", "photo.png", "-o", "a.xyz", "--report", "-"][..],
        &["convert", "a.xyz", "-", "--format", "xyz"],
    ] {
        assert!(stderr(&run(folder.path(), args)).contains("-: is a dash, and no file"));
    }
    // A report is made anew by the job that it tells of.
    succeed(
        folder.path(),
        &["etch", "--config", "a.json", "--report", "a.json"],
    );
    // Of a blank that several files define, none has changed.
    let square = r#"<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h20v20h-20z"/></svg>"#;
    write("square.svg", square);
    write(
        "own.toml",
        "outline = \"square.svg\"\nsize_mm = [20, 20, 8]\n",
    );
    let own = ["etch", "photo.png", "--blank", "own.toml", "-o", "b.xyz"];
    succeed(folder.path(), &[&own[..], &["--report", "b.json"]].concat());
    let again = run(folder.path(), &["etch", "--config", "b.json"]);
    assert!(
        again.status.success() && !stderr(&again).contains("differs"),
        "{again:?}"
    );
}

#[test]
fn shells_manuals_and_schema_are_served() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(folder.path(), &["completions", shell]).contains("toning"));
    }
    assert!(succeed(folder.path(), &["man"]).contains(".TH glyptic"));
    assert!(succeed(folder.path(), &["man", "etch"]).contains("toning"));
    let schema: Value = serde_json::from_str(&succeed(folder.path(), &["schema"])).unwrap();
    assert!(schema["properties"]["spacing"].is_object());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_job_soon_and_leaves_no_file() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let (folder, _) = folder_with_photo(|u, v| 0.5 + 0.5 * common::noise(u, v));
    let mut child = Command::new(env!("CARGO_BIN_EXE_glyptic"))
        .current_dir(folder.path())
        .args([
            "etch",
            "photo.png",
            "-o",
            "a.dxf",
            "--blank",
            "heart-100x90x50",
        ])
        .args(["--spacing", "0.04x0.05", "--quality", "best"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the job is too short for this test"
    );
    let pid = child.id().to_string();
    let start = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    // A second is promised; a loaded machine may be slower to notice.
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(names_in(folder.path()), ["photo.png"]);
}
