//! Where depth comes from, from the command line to the report.

mod common;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};

use common::{dome, folder_with_photo, glyptic, photo, run};

/// Etches with these flags; returns whether it worked, the report, and what stood on stderr.
fn etch(photo: &Path, flags: &[&str]) -> (bool, serde_json::Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.xyz");
    let run = glyptic()
        .arg("etch")
        .arg(photo)
        .args([
            "--blank",
            "heart-20",
            "--quality",
            "draft",
            "--points",
            "8k",
        ])
        .args(["--json", "-o"])
        .arg(&out)
        .args(flags)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&run.stdout).unwrap_or_default();
    let messages = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.success(), out.exists());
    (run.status.success(), report, messages)
}

fn refusal(photo: &Path, flags: &[&str]) -> String {
    let (worked, _, messages) = etch(photo, flags);
    assert!(!worked, "{flags:?} worked");
    assert_eq!(messages.lines().count(), 1, "{messages}");
    messages
}

/// A grey photo with a depth map in it, as phones store it: GDepth, 0.5 to 2 m, a dome.
fn phone_photo(folder: &Path) -> PathBuf {
    let encode = |image: DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let light = ImageBuffer::from_fn(120, 120, |x, y| Luma([60 + (x + y) as u8 / 2]));
    let far = ImageBuffer::from_fn(40, 40, |x, y| {
        let near = dome((f64::from(x) + 0.5) / 40.0, (f64::from(y) + 0.5) / 40.0);
        Luma([(255.0 * (1.0 - near)) as u8])
    });
    let map = STANDARD.encode(encode(DynamicImage::ImageLuma8(far), ImageFormat::Png));
    let packet = format!(
        "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
         xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
         xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/' GDepth:Format='RangeLinear' \
         GDepth:Near='0.5' GDepth:Far='2.0' GDepth:Units='m' GDepth:Mime='image/png' \
         GDepth:Data='{map}'/></rdf:RDF></x:xmpmeta>"
    );
    let jpeg = encode(DynamicImage::ImageLuma8(light), ImageFormat::Jpeg);
    let length = (packet.len() as u16 + 2).to_be_bytes();
    let bytes = [
        &jpeg[..2],
        &[0xFF, 0xE1],
        &length,
        packet.as_bytes(),
        &jpeg[2..],
    ]
    .concat();
    let path = folder.join("phone.jpg");
    fs::write(&path, bytes).unwrap();
    path
}

fn plain_photo(folder: &Path) -> PathBuf {
    let path = folder.join("photo.png");
    photo(&path, [120, 120], |u, v| 0.3 + 0.3 * (u + v));
    path
}

#[test]
fn depth_inside_a_photo_becomes_a_relief_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let phone = phone_photo(folder.path());
    for source in ["embedded", "auto"] {
        let (worked, report, messages) = etch(&phone, &["--depth", source, "--relief", "1"]);
        assert!(worked, "{messages}");
        let depth = &report["depth"];
        assert_eq!(depth["method"], "embedded");
        assert!(depth["origin"].as_str().unwrap().contains("GDepth"));
        assert_eq!(depth["range_m"], serde_json::json!([0.5, 2.0]));
        assert!(depth["relief_mm"].as_f64().unwrap() > 0.8);
        assert!(depth["confidence"].is_null());
    }
    // Of the cloud itself, the middle is nearer than the border.
    let (_, report, _) = etch(&phone, &["--depth", "none"]);
    assert_eq!(report["depth"]["method"], "none");
}

#[test]
fn a_photo_without_depth_inside_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let plain = plain_photo(folder.path());
    let line = refusal(&plain, &["--depth", "embedded"]);
    assert!(line.contains("holds no depth"), "{line}");
}

#[test]
fn float_files_are_read_with_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let plain = plain_photo(folder.path());
    let distance = |x: usize, y: usize| 3.0 - dome(x as f64 / 39.0, y as f64 / 39.0) as f32;
    let places = || (0..1600).map(|i| (i % 40, i / 40));
    let pfm: Vec<u8> = places()
        .flat_map(|(x, y)| distance(x, y).to_le_bytes())
        .collect();
    let pfm = [b"Pf\n40 40\n-1\n", &pfm[..]].concat();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (40, 40), }\n";
    let npy: Vec<u8> = places()
        .flat_map(|(x, y)| f64::from(distance(x, y)).to_le_bytes())
        .collect();
    let length = (header.len() as u16).to_le_bytes();
    let npy = [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), &npy].concat();
    for (name, bytes) in [("d.pfm", pfm), ("d.npy", npy)] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        for kind in ["distance", "disparity", "nearness"] {
            let flags = ["--depth", path, "--depth-kind", kind, "--relief", "1"];
            let (worked, report, messages) = etch(&plain, &flags);
            assert!(worked, "{messages}");
            let origin = report["depth"]["origin"].as_str().unwrap();
            assert!(
                origin.ends_with(kind) && origin.contains("float"),
                "{origin}"
            );
            assert_eq!(report["settings"]["depth"]["kind"], kind);
        }
        let line = refusal(
            &plain,
            &[
                "--depth",
                path,
                "--depth-kind",
                "distance",
                "--near",
                "bright",
            ],
        );
        assert!(line.contains("contradicts --near bright"), "{line}");
    }
}

#[test]
fn the_head_around_the_eyes_is_whole_with_a_matte_and_larger_without() {
    let sample = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("samples")
            .join(name)
    };
    let bust = sample("bust.png");
    let eyes = ["--eyes", "500,470,686,479"];
    let (worked, report, _) = etch(&bust, &eyes);
    assert!(worked);
    let placement = &report["placement"];
    assert_eq!(placement["crop_method"], "auto");
    assert!(placement.get("subject_cut_percent").is_none());
    // It has no room around it, and the photo must cover the heart.
    let cut = placement["head_cut_percent"].as_f64().unwrap();

    let flags = [&eyes[..], &["--matte", "auto", "--depth", "auto"]].concat();
    let (worked, report, _) = etch(&bust, &flags);
    assert!(worked);
    assert_eq!(report["placement"]["head_cut_percent"], 0.0);
    assert!(report["matte"]["confidence"].as_f64().unwrap() > 0.5);
    assert!(report["depth"]["origin"].as_str().unwrap().contains("eyes"));

    // What is asked for counts more.
    let (_, report, _) = etch(&bust, &[&eyes[..], &["--crop", "none"]].concat());
    assert_eq!(report["placement"]["crop_method"], "whole");
    let plain = report["placement"]["head_cut_percent"].as_f64().unwrap();
    assert!(cut < plain, "{cut} % and {plain} %");
}

#[test]
fn a_relief_as_deep_as_fits_keeps_its_points_in_front_and_behind() {
    let (folder, _) = folder_with_photo(|_, _| 1.0);
    let step = |u: f64, _| if u < 0.5 { 1.0 } else { 0.1 };
    common::depth(&folder.path().join("step.png"), [100, 100], step);
    let etch = |relief: &str, more: &[&str]| {
        let args = [
            "etch",
            "photo.png",
            "--depth",
            "step.png",
            "--blank",
            "block-16x16x12",
        ];
        let more = [
            more,
            &["--relief", relief, "-o", "a.xyz", "--tone", "linear"],
        ]
        .concat();
        run(folder.path(), &[&args[..], &more].concat())
    };
    for layers in ["2", "4"] {
        let more = [
            "--layers",
            layers,
            "--jitter-z",
            "0.1",
            "--quality",
            "draft",
        ];
        let refusal = String::from_utf8(etch("200", &more).stderr).unwrap();
        let (_, most) = refusal.split_once("deeper than the ").unwrap();
        let (most, _) = most.split_once(" mm").unwrap();
        let output = etch(most, &more);
        assert!(output.status.success(), "{output:?}");
        let points = common::points_of_text(&folder.path().join("a.xyz"));
        let near = points
            .iter()
            .filter(|[x, ..]| (-5.5..-1.5).contains(x))
            .count();
        let far = points
            .iter()
            .filter(|[x, ..]| (1.5..5.5).contains(x))
            .count();
        let ratio = near as f64 / far as f64;
        assert!(
            (0.99..1.01).contains(&ratio),
            "{layers} layers: {near} and {far}"
        );
    }
}
