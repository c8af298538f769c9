//! What is promised of every cloud, on random photos, depths, blanks and settings, on the file
//! that was written: spacing, inside, count, finite and no duplicates. (The same bytes on any
//! number of threads: `determinism.rs`.)

mod common;

use common::{checker, disc, dome, impulse, least_ratio, noise, points_of_text, ramp, steps};
use glyptic::blank::Blank;
use glyptic::format::Format;
use glyptic::pipeline::{Output, Request, etch};
use glyptic::sampling::Quality;
use glyptic::settings::{DepthSource, DxfDialect, Settings, ToneMode};
use glyptic::units::Mm;
use glyptic::{Error, Run};
use proptest::prelude::*;

/// What a random job is made of.
#[derive(Clone, Debug)]
struct Job {
    photo: usize,
    photo_px: [u32; 2],
    depth: Option<(usize, [u32; 2], f64)>,
    blank: &'static str,
    spacing_mm: [f64; 2],
    layers: u32,
    jitter: f64,
    linear: bool,
    quality: Quality,
    points: Option<u64>,
    seed: u64,
    rotate: f64,
    zoom: f64,
    cockpit: bool,
}

fn jobs() -> impl Strategy<Value = Job> {
    let depth = proptest::option::of((0usize..3, [8u32..90, 8u32..90], 0.2f64..3.0));
    let blank = prop::sample::select(vec![
        "heart-20",
        "heart-25",
        "heart-30",
        "disc-18x8",
        "block-14x18x9",
        "rect-16x16x8-3",
    ]);
    let what = (
        0usize..5,
        [24u32..160, 24u32..160],
        depth,
        blank,
        any::<bool>(),
    );
    let quality = prop::sample::select(vec![Quality::Draft, Quality::Fine, Quality::Best]);
    let points = proptest::option::of(500u64..20_000);
    let how = (
        [0.1f64..0.3, 0.08f64..0.3],
        1u32..=8,
        0.0f64..0.3,
        any::<bool>(),
        quality,
        points,
        any::<u64>(),
    );
    let place = (-180.0f64..180.0, 0.5f64..2.0);
    (what, how, place).prop_map(|(what, how, place)| {
        let (photo, photo_px, depth, blank, cockpit) = what;
        let (spacing_mm, layers, jitter, linear, quality, points, seed) = how;
        let (rotate, zoom) = place;
        Job {
            photo,
            photo_px,
            depth,
            blank,
            // Three digits, as a user would write them.
            spacing_mm: spacing_mm.map(|mm| (mm * 1000.0).round() / 1000.0),
            layers,
            jitter: if jitter < 0.1 { 0.0 } else { jitter },
            linear,
            quality,
            points,
            seed,
            rotate,
            zoom,
            cockpit,
        }
    })
}

fn settings(job: &Job) -> Settings {
    let mut settings = Settings::default();
    settings.blank.name = job.blank.to_owned();
    settings.machine.spacing_xy_mm = Mm::new(job.spacing_mm[0]);
    settings.machine.spacing_z_mm = Mm::new(job.spacing_mm[1]);
    settings.machine.layers = Some(job.layers);
    settings.sampling.jitter_z_mm = Mm::constant(job.jitter * job.spacing_mm[1]);
    settings.sampling.quality = job.quality;
    settings.sampling.points = job.points;
    settings.sampling.seed = job.seed;
    settings.placement.rotate_degrees = glyptic::units::Degrees::new(job.rotate).unwrap();
    settings.placement.zoom = job.zoom;
    if job.linear {
        settings.tone.mode = ToneMode::Linear;
    }
    settings
}

/// Runs a job and checks the promises on its file.
fn check(job: &Job) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    common::photo(
        &photo,
        job.photo_px,
        [ramp, disc, checker, impulse, noise][job.photo],
    );
    let mut settings = settings(job);
    if let Some((shape, px, relief_mm)) = job.depth {
        let path = folder.path().join("depth.png");
        common::depth(&path, px, [dome, steps, noise][shape]);
        settings.depth.source = DepthSource::File(path);
        settings.depth.relief_mm = Mm::new(relief_mm);
    }
    let (name, format) = match job.cockpit {
        true => ("points.dxf", Format::Dxf(DxfDialect::Cockpit)),
        false => ("points.xyz", Format::Xyz),
    };
    let path = folder.path().join(name);
    let request = Request {
        photo,
        outputs: vec![Output {
            path: path.clone(),
            format,
        }],
        settings: settings.clone(),
        ..Request::default()
    };
    let report = match etch(&request, &Run::default()) {
        Ok(report) => report,
        // Too thick a stack, too deep a relief, nothing to etch: no file, and no promise.
        Err(Error::Setting { .. } | Error::Content { .. }) => {
            prop_assert!(!path.exists());
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };

    let points = points_of_text(&path);
    prop_assert_eq!(points.len() as u64, report.points);
    prop_assert!(points.iter().flatten().all(|value| value.is_finite()));

    let [xy_mm, z_mm] = job.spacing_mm;
    let ratio = least_ratio(&points, xy_mm, z_mm);
    prop_assert!(
        ratio >= 1.0 - 1e-9,
        "two points have {} of the spacing",
        ratio
    );
    if let Some(told) = report.spacing.least_ratio.filter(|&told| told < 1.9) {
        prop_assert!(
            (told - ratio).abs() < 1e-5,
            "{} told, {} found",
            told,
            ratio
        );
    }

    let blank = Blank::find(&settings.blank).unwrap();
    for point in &points {
        let clearance_mm = blank.clearance_mm(*point);
        prop_assert!(
            clearance_mm >= blank.margin_mm - 1e-6,
            "{:?}: {}",
            point,
            clearance_mm
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_file_keeps_the_promises(job in jobs()) {
        check(&job)?;
    }
}

#[test]
fn a_budget_is_met() {
    for points in [2_000, 20_000] {
        let (folder, photo) = common::folder_with_photo(ramp);
        let mut request = Request {
            photo,
            outputs: vec![Output {
                path: folder.path().join("a.xyz"),
                format: Format::Xyz,
            }],
            ..Request::default()
        };
        request.settings.sampling.points = Some(points);
        let report = etch(&request, &Run::default()).unwrap();
        let error = report.points.abs_diff(points) as f64 / points as f64;
        assert!(
            error < 0.01,
            "{} points for a budget of {points}",
            report.points
        );
    }
}

#[test]
fn a_ramp_of_light_is_a_ramp_of_density() {
    let (folder, photo) = common::folder_with_photo(|u, _| if u < 0.5 { 0.5 } else { 1.0 });
    let mut request = Request {
        photo,
        outputs: vec![Output {
            path: folder.path().join("a.xyz"),
            format: Format::Xyz,
        }],
        ..Request::default()
    };
    request.settings.blank.name = "block-20x20x8".to_owned();
    request.settings.tone.mode = ToneMode::Linear;
    etch(&request, &Run::default()).unwrap();
    let points = points_of_text(&request.outputs[0].path);
    let within = |low: f64, high: f64| points.iter().filter(|p| p[0] > low && p[0] < high).count();
    // Half of white in display values is 0.214 of its light (sRGB).
    let ratio = within(-7.0, -2.0) as f64 / within(2.0, 7.0) as f64;
    assert!((ratio - 0.214).abs() < 0.004, "{ratio}");
}

#[test]
fn the_measure_of_spacing_can_fail() {
    let points = [[0.0, 0.0, 0.0], [0.08, 0.0, 0.0], [0.0, 0.0, 0.045]];
    assert!((least_ratio(&points, 0.08, 0.09) - 0.5).abs() < 1e-12);
    assert!((least_ratio(&points[..2], 0.08, 0.09) - 1.0).abs() < 1e-12);
    assert_eq!(least_ratio(&[[1.0; 3], [1.0; 3]], 0.08, 0.09), 0.0);
}
