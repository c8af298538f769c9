//! Small photos from end to end: what is written, what the report says of it, and the same again.

mod common;

use std::fs;
use std::path::Path;

use glyptic::format::Format;
use glyptic::pipeline::{Output, Request, etch};
use glyptic::report::Report;
use glyptic::settings::{DepthSource, DxfDialect};
use glyptic::units::Mm;
use glyptic::{Error, Run};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn request(folder: &Path) -> Request {
    let photo = folder.join("photo.png");
    common::photo(&photo, [400, 400], common::disc);
    Request {
        photo,
        outputs: vec![Output {
            path: folder.join("a.dxf"),
            format: Format::Dxf(DxfDialect::Cockpit),
        }],
        ..Request::default()
    }
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&report.to_json()).unwrap()
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(fs::read(path).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_disc_becomes_a_disc_of_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path());
    request.settings.sampling.jitter_z_mm = Mm::constant(0.0);
    let report = etch(&request, &Run::default()).unwrap();
    let points = common::points_of_text(&request.outputs[0].path);
    assert_eq!(points.len() as u64, report.points);
    assert!(points.len() > 50_000, "{} points", points.len());
    // The photo covers the safe heart: the disc's radius is 0.35 of the longer side.
    let radius_mm = points
        .iter()
        .map(|[x, y, _]| x.hypot(*y))
        .fold(0.0, f64::max);
    assert!((6.0..13.0).contains(&radius_mm), "{radius_mm}");
    // Eight layers, and nothing between them.
    let mut layers: Vec<i64> = points
        .iter()
        .map(|p| (p[2] * 100.0).round() as i64)
        .collect();
    layers.sort_unstable();
    layers.dedup();
    assert_eq!(layers.len(), 8);
    // Deepest first.
    assert!(points[0][2] < points[points.len() - 1][2]);
}

#[test]
fn the_report_tells_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path());
    request.tone_map = Some(folder.path().join("tone.png"));
    request.report = Some(folder.path().join("report.json"));
    let report = etch(&request, &Run::default()).unwrap();
    let told = json(&report);
    let read: Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(told, read);
    assert_eq!(
        told["outputs"][0]["sha256"],
        sha256(&folder.path().join("a.dxf"))
    );
    assert_eq!(told["inputs"][0]["sha256"], sha256(&request.photo));
    assert_eq!(told["inputs"][0]["width_px"], 400);
    assert_eq!(told["precision_mm"], 0.01);
    assert_eq!(told["spacing"]["duplicates"], 0);
    assert!(told["spacing"]["least_ratio"].as_f64().unwrap() >= 1.0 - 1e-9);
    assert!(told["clearance_mm"].as_f64().unwrap() >= 2.0 - 1e-6);
    assert_eq!(told["layers"], 8);
    assert!(told["estimate"]["seconds"].as_f64().unwrap() > 1.0);
    assert!(told["stages"]["sample"].as_f64().unwrap() > 0.0);
    // The map ends at the safe heart, and its pixels at most half of what an eye resolves.
    let map = image::open(folder.path().join("tone.png"))
        .unwrap()
        .into_luma16();
    let mm_per_px = told["tone_map"]["mm_per_px"].as_f64().unwrap();
    assert!(mm_per_px <= 0.0365);
    let width_mm = f64::from(map.width()) * mm_per_px;
    assert!((20.0..30.0).contains(&width_mm), "{width_mm}");
    // What the sampler was asked for is what came, but for what is reported as not placed.
    let full: f64 = map
        .pixels()
        .map(|pixel| f64::from(pixel.0[0]) / 65535.0)
        .sum();
    let density = told["tone_map"]["max_density_per_mm2"].as_f64().unwrap();
    let wanted = full * mm_per_px * mm_per_px * density;
    let unplaced = told["dots_unplaced"]["points"].as_f64().unwrap();
    let ratio = (told["points"].as_f64().unwrap() + unplaced) / wanted;
    assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
}

#[test]
fn a_relief_stands_where_the_depth_map_is_near() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path());
    common::photo(&request.photo, [200, 200], |_, _| 0.7);
    let depth = folder.path().join("depth.png");
    common::depth(&depth, [100, 100], common::dome);
    request.settings.depth.source = DepthSource::File(depth);
    request.settings.depth.relief_mm = Mm::new(3.0);
    let report = etch(&request, &Run::default()).unwrap();
    let points = common::points_of_text(&request.outputs[0].path);
    let mean_z = |within: &dyn Fn(f64) -> bool| {
        let near = points.iter().filter(|[x, y, _]| within(x.hypot(*y)));
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), p| (sum + p[2], count + 1.0));
        sum / count
    };
    let (middle, edge) = (mean_z(&|r| r < 2.0), mean_z(&|r| r > 8.0));
    assert!(middle > edge + 1.0, "middle {middle}, edge {edge}");
    assert!(
        (2.0..=3.2).contains(&report.depth.relief_mm),
        "{}",
        report.depth.relief_mm
    );
    let told = json(&report);
    assert_eq!(told["inputs"][1]["role"], "depth");
    // What the settings left open.
    assert_eq!(told["depth"]["relief_curve"], 0.0);
    assert_eq!(told["placement"]["fit"], "cover");
}

#[test]
fn a_stopped_job_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(folder.path());
    let run = Run::default();
    run.stop();
    assert!(matches!(etch(&request, &run), Err(Error::Cancelled)));
    assert_eq!(common::names_in(folder.path()), ["photo.png"]);
}

#[test]
fn reports_obey_their_schema() {
    let schema: Value = serde_json::from_str(&Report::schema_json()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path());
    for deep in [false, true] {
        if deep {
            let depth = folder.path().join("depth.png");
            common::depth(&depth, [100, 100], common::dome);
            request.settings.depth.source = DepthSource::File(depth);
            request.tone_map = Some(folder.path().join("tone.png"));
        }
        let report = json(&etch(&request, &Run::default()).unwrap());
        assert_eq!(
            faults(&schema, &schema, &report, "report"),
            Vec::<String>::new()
        );
    }
    let report = json(&etch(&request, &Run::default()).unwrap());
    let mut broken = report.clone();
    broken["points"] = "many".into();
    broken["spacing"].as_object_mut().unwrap().remove("xy_mm");
    broken["settings"]["tone"]["mode"] = "loud".into();
    let found = faults(&schema, &schema, &broken, "report");
    assert_eq!(found.len(), 3, "{found:?}");
}

/// What of a value does not obey a JSON Schema, for the keywords that ours uses.
fn faults(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = root
            .pointer(reference.trim_start_matches('#'))
            .expect("references resolve");
        return faults(root, found, value, place);
    }
    let mut found = Vec::new();
    for keyword in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[keyword].as_array()
            && choices
                .iter()
                .all(|choice| !faults(root, choice, value, place).is_empty())
        {
            found.push(format!("{place}: none of {keyword}"));
        }
    }
    if let Some(types) = schema.get("type") {
        let named = |name: &Value| has_type(value, name.as_str().unwrap());
        if !types
            .as_array()
            .map_or_else(|| named(types), |types| types.iter().any(named))
        {
            found.push(format!("{place}: is not {types}"));
        }
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        found.push(format!("{place}: is not {}", schema["const"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|names| !names.contains(value))
    {
        found.push(format!("{place}: is not one of {}", schema["enum"]));
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().unwrap();
        if value.is_object() && value.get(key).is_none() {
            found.push(format!("{place}: lacks {key}"));
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        match schema["properties"].get(key) {
            Some(schema) => found.extend(faults(root, schema, inner, &place)),
            None if schema["additionalProperties"] == Value::Bool(false) => {
                found.push(format!("{place}: is unknown"));
            }
            None => {}
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, inner) in values.iter().enumerate() {
            found.extend(faults(root, items, inner, &format!("{place}[{index}]")));
        }
    }
    found
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
