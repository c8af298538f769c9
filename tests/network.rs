//! Networks, by tiny ones that `tests/models/make_models.py` made.
#![cfg(feature = "network")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use glyptic::grid::Grid;
use glyptic::photo::Photo;
use glyptic::settings::{DepthKind, Family, ModelSettings, Scaling};
use glyptic::{Error, Run, network};
use serde_json::Value;

use common::glyptic;

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/models/{name}.onnx"))
}

fn photo(width: usize, height: usize) -> Photo {
    Photo {
        luminance: Grid::from_fn(width, height, |x, y| {
            0.5 + 0.4 * (0.3 * x as f32 + 0.17 * y as f32).sin()
        }),
        alpha: None,
        warnings: Vec::new(),
    }
}

fn ask(name: &str, settings: &ModelSettings) -> glyptic::Result<network::Answer> {
    network::depth(
        &model(name),
        settings,
        &photo(96, 64),
        None,
        &Run::default(),
    )
}

fn refusal(path: &Path) -> String {
    let settings = ModelSettings::default();
    let error = network::depth(path, &settings, &photo(64, 64), None, &Run::default());
    let text = error.expect_err("it should be refused").to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn answers_are_those_of_another_engine() {
    let expected = fs::read_to_string(model("x").with_file_name("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let sides: Vec<usize> = serde_json::from_value(expected["input"].clone()).unwrap();
        let count: usize = sides.iter().product();
        let numbers = (0..count).map(|i| (0.37 * i as f64 + 0.11).sin() as f32);
        let answer = network::raw(&model(name), sides, numbers.collect(), &Run::default());
        let (_, answer) = answer.unwrap();
        let range = expected["range"].as_f64().unwrap();
        let places = expected["places"].as_array().unwrap();
        let values = expected["values"].as_array().unwrap();
        let mut worst = 0.0f64;
        for (place, value) in places.iter().zip(values) {
            let found = f64::from(answer[place.as_u64().unwrap() as usize]);
            worst = worst.max((found - value.as_f64().unwrap()).abs() / range);
        }
        assert!(worst < 1e-3, "{name}: {worst} of the range");
    }
}

#[test]
fn families_are_known_by_their_own_names_and_kernels() {
    let answer = ask("midas_like", &ModelSettings::default()).unwrap();
    assert_eq!(answer.family, "MiDaS");
    assert_eq!(answer.input_px, [48, 32]);
    assert_eq!((answer.values.width(), answer.values.height()), (48, 32));
    assert_eq!(answer.kind, DepthKind::Nearness);
    let answer = ask("depth_anything_like", &ModelSettings::default()).unwrap();
    assert_eq!(answer.family, "Depth Anything");
    assert_eq!(answer.input_px, [518, 518]);
    // Of no name at all: by the patches of 14 px.
    let folder = tempfile::tempdir().unwrap();
    let nameless = folder.path().join("x.onnx");
    let mut bytes = fs::read(model("depth_anything_like")).unwrap();
    let name = b"depth_anything_like";
    let at = bytes
        .windows(name.len())
        .position(|part| part == name)
        .unwrap();
    bytes[at..at + name.len()].fill(b'x');
    fs::write(&nameless, bytes).unwrap();
    let settings = ModelSettings::default();
    let answer = network::depth(&nameless, &settings, &photo(64, 64), None, &Run::default());
    assert_eq!(answer.unwrap().family, "Depth Anything");
}

#[test]
fn what_the_user_says_counts_before_the_family() {
    let plain = ask("midas_like", &ModelSettings::default()).unwrap();
    let zoe = ModelSettings {
        family: Some(Family::Zoe),
        scaling: Some(Scaling::Imagenet),
        ..ModelSettings::default()
    };
    let zoe = ask("midas_like", &zoe).unwrap();
    assert_eq!(zoe.kind, DepthKind::Distance);
    assert_eq!(zoe.values, plain.values);
    let bytes = ModelSettings {
        scaling: Some(Scaling::Bytes),
        ..ModelSettings::default()
    };
    assert_ne!(ask("midas_like", &bytes).unwrap().values, plain.values);
    let size = ModelSettings {
        size_px: Some([64, 64]),
        ..ModelSettings::default()
    };
    let error = ask("midas_like", &size).unwrap_err().to_string();
    assert!(error.contains("--model-size 64x64"), "{error}");
}

#[test]
fn quantised_networks_are_refused() {
    let text = refusal(&model("quantised"));
    assert!(text.contains("ConvInteger"), "{text}");
}

#[test]
fn cubic_enlargement_is_refused_but_for_the_native_size() {
    assert!(ask("depth_anything_like", &ModelSettings::default()).is_ok());
    let text = refusal(&model("cubic"));
    assert!(text.contains("cubic") && text.contains("518x518"), "{text}");
}

#[test]
fn an_unknown_operator_is_named() {
    let text = refusal(&model("unknown_operator"));
    assert!(
        text.contains("Wavelet") && text.contains("simplified"),
        "{text}"
    );
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let text = refusal(&model("greedy"));
    assert!(text.contains("ConstantOfShape"), "{text}");
    let text = refusal(&model("features"));
    assert!(text.contains("not one map"), "{text}");
}

#[test]
fn other_files_and_cut_off_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.onnx");
    let whole = fs::read(model("midas_like")).unwrap();
    let mut cases = vec![b"no network at all".to_vec(), Vec::new(), vec![0; 300]];
    cases.extend((1..8).map(|part| whole[..whole.len() * part / 8].to_vec()));
    for bytes in cases {
        fs::write(&path, bytes).unwrap();
        refusal(&path);
    }
    assert!(matches!(
        network::depth(
            &folder.path().join("none.onnx"),
            &ModelSettings::default(),
            &photo(9, 9),
            None,
            &Run::default()
        ),
        Err(Error::Read { .. })
    ));
}

#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    // Every byte that is no weight: shapes, attributes, names, lengths.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.onnx");
    let whole = fs::read(model("modnet_like")).unwrap();
    for place in 0..whole.len() {
        for bit in [3, 7] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            let run = Run::default();
            let settings = ModelSettings {
                size_px: Some([32, 32]),
                ..ModelSettings::default()
            };
            let answer = network::depth(&path, &settings, &photo(32, 32), None, &run);
            if let Err(error) = answer {
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
}

#[test]
fn answers_do_not_depend_on_the_number_of_threads() {
    let answer = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            ask("depth_anything_like", &ModelSettings::default())
                .unwrap()
                .values
        })
    };
    let (one, three) = (answer(1), answer(3));
    let same = one
        .values()
        .iter()
        .zip(three.values())
        .all(|(a, b)| a.to_bits() == b.to_bits());
    assert!(same, "some value differs");
}

#[test]
fn a_stopped_job_asks_no_network() {
    let run = Run::default();
    run.stop();
    let settings = ModelSettings::default();
    let result = network::depth(&model("midas_like"), &settings, &photo(64, 64), None, &run);
    assert!(matches!(result, Err(Error::Cancelled)));
}

#[test]
fn mattes_lie_between_0_and_1() {
    let photo = photo(130, 77);
    let settings = ModelSettings::default();
    let run = Run::default();
    let answer = network::matte(&model("modnet_like"), &settings, &photo, None, &run).unwrap();
    assert_eq!(answer.family, "MODNet");
    let values = answer.values.values();
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
    let [width, height] = answer.input_px;
    assert_eq!(
        (answer.values.width(), answer.values.height()),
        (width, height)
    );
}

#[test]
fn networks_that_give_no_matte_are_refused_in_one_line() {
    let photo = photo(130, 77);
    let size = ModelSettings {
        size_px: Some([33, 32]),
        ..ModelSettings::default()
    };
    let plain = ModelSettings::default();
    for (name, settings, part) in [
        // A map of depth.
        ("midas_like", &plain, "no matte"),
        ("features", &plain, "not one map"),
        ("quantised", &plain, "ConvInteger"),
        ("unknown_operator", &plain, "Wavelet"),
        ("modnet_like", &size, "--matte-model-size 33x32"),
    ] {
        let error = network::matte(&model(name), settings, &photo, None, &Run::default());
        let line = error.unwrap_err().to_string();
        assert!(line.contains(part) && !line.contains('\n'), "{line}");
    }
}

/// Etches a disc with these flags; what was answered.
fn etched(flags: &[&str]) -> (tempfile::TempDir, std::process::Output) {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    common::photo(&photo, [120, 120], common::disc);
    let run = glyptic()
        .arg("etch")
        .arg(&photo)
        .args([
            "--blank",
            "heart-20",
            "--quality",
            "draft",
            "--points",
            "8k",
            "--json",
        ])
        .args(flags)
        .arg("-o")
        .arg(folder.path().join("out.xyz"))
        .output()
        .unwrap();
    (folder, run)
}

#[test]
fn a_network_makes_a_matte_and_its_report_makes_the_same_again() {
    let network = model("modnet_like");
    let network = network.to_str().unwrap();
    let (folder, run) = etched(&["--matte-model", network, "--matte-model-scaling", "bytes"]);
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["matte"]["used"], true);
    assert_eq!(report["matte"]["network"]["family"], "MODNet");
    assert!(
        report["matte"]["method"]
            .as_str()
            .unwrap()
            .starts_with("network MODNet at ")
    );
    assert!(report["matte"]["confidence"].is_null());
    assert_eq!(report["inputs"][1]["role"], "matte-network");
    assert_eq!(report["inputs"][1]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(report["settings"]["matte"]["network"]["scaling"], "bytes");
    let config = folder.path().join("report.json");
    fs::write(&config, &run.stdout).unwrap();
    let again = glyptic()
        .arg("etch")
        .arg("--config")
        .arg(&config)
        .arg("--json")
        .output()
        .unwrap();
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(
        again["outputs"][0]["sha256"],
        report["outputs"][0]["sha256"]
    );
    assert_eq!(again["placement"], report["placement"]);
}

#[test]
fn a_wrong_network_of_mattes_is_one_line_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.onnx");
    fs::write(&text, "no network at all").unwrap();
    let depth = model("midas_like");
    for network in [
        text.to_str().unwrap(),
        depth.to_str().unwrap(),
        "missing.onnx",
    ] {
        let (folder, run) = etched(&["--matte-model", network]);
        let line = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{line}");
        assert_eq!(line.trim_end().lines().count(), 1, "{line}");
        assert_eq!(common::names_in(folder.path()), ["photo.png"]);
    }
}

#[test]
fn a_network_makes_a_relief_and_the_report_tells() {
    let network = model("midas_like");
    let network = network.to_str().unwrap();
    let (_folder, run) = etched(&["--relief", "1", "--depth-model", network]);
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    let depth = &report["depth"];
    assert_eq!(depth["method"], "network");
    assert_eq!(depth["network"]["family"], "MiDaS");
    assert!(depth["network"]["seconds"].as_f64().unwrap() > 0.0);
    assert!(depth["peak_memory_mb"].as_f64().is_some());
    assert!(depth["relief_mm"].as_f64().unwrap() > 0.5);
    assert_eq!(report["inputs"][1]["role"], "network");
}

/// Grey 40 with bright squares of 32 px at these corners, 128 x 128: what `yunet_like` takes for faces.
fn faces_at(corners: &[(u32, u32)]) -> Photo {
    let bright = |x: usize, y: usize| {
        let inside = |&(left, top): &(u32, u32)| {
            (left..left + 32).contains(&(x as u32)) && (top..top + 32).contains(&(y as u32))
        };
        corners.iter().any(inside)
    };
    Photo {
        luminance: Grid::from_fn(128, 128, |x, y| if bright(x, y) { 1.0 } else { 0.02 }),
        alpha: None,
        warnings: Vec::new(),
    }
}

#[test]
fn eyes_are_those_of_the_face_in_pixels_of_the_photo() {
    let see =
        |photo: &Photo| network::eyes(&model("yunet_like"), photo, None, &Run::default()).unwrap();
    // Cell 1, 2 of the network's 4 x 4; eyes a quarter left of its corner and a quarter right of its end.
    let one = see(&faces_at(&[(32, 64)]));
    assert_eq!(one.count, 1);
    assert_eq!(one.network.input_px, [64, 64]);
    let eyes = one.eyes_px.unwrap();
    for (px, wanted) in eyes.iter().zip([24.0, 72.0, 72.0, 72.0]) {
        assert!((px - wanted).abs() < 1e-3, "{eyes:?}");
    }
    assert!(one.score > 0.9 && one.warnings.is_empty());

    let two = see(&faces_at(&[(32, 32), (64, 96)]));
    assert_eq!((two.count, two.eyes_px), (2, None));
    assert!(two.warnings[0].contains("2 faces of about one size"));

    let none = see(&faces_at(&[]));
    assert_eq!((none.count, none.eyes_px), (0, None));
    assert!(none.warnings[0].contains("no face"));
}

#[test]
fn other_networks_see_no_faces() {
    for name in ["midas_like", "quantised", "unknown_operator"] {
        let error = network::eyes(&model(name), &photo(64, 64), None, &Run::default());
        let text = error.expect_err("it should be refused").to_string();
        assert!(!text.contains('\n') && text.contains(name), "{text}");
    }
}

#[test]
fn the_eyes_of_a_network_serve_as_those_that_are_given() {
    let network = model("yunet_like");
    let network = network.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    common::photo(&photo, [128, 128], |u, v| {
        let face = (0.25..0.5).contains(&u) && (0.5..0.75).contains(&v);
        if face { 1.0 } else { 0.1 }
    });
    let etch = |flags: &[&str]| {
        let out = folder.path().join("out.xyz");
        let run = glyptic()
            .args([
                "etch",
                photo.to_str().unwrap(),
                "--blank",
                "heart-20",
                "--points",
                "5k",
            ])
            .args(["--depth", "auto", "--quality", "draft", "--json", "-o"])
            .arg(out)
            .args(flags)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        serde_json::from_slice::<Value>(&run.stdout).unwrap()
    };
    let seen = etch(&["--face-model", network]);
    assert_eq!(seen["face"]["count"], 1);
    assert_eq!(seen["face"]["source"], network);
    assert_eq!(seen["inputs"][1]["role"], "face-network");
    assert_eq!(seen["placement"]["crop_method"], "auto");
    assert!(seen["stages"]["face"].as_f64().is_some());
    let eyes: Vec<String> = seen["face"]["eyes_px"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    let given = etch(&["--eyes", &eyes.join(",")]);
    assert_eq!(given["face"]["source"], "given");
    assert_eq!(given["outputs"][0]["sha256"], seen["outputs"][0]["sha256"]);
}
