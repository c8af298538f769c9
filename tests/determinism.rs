//! The same job gives the same bytes, on any number of threads and however often it runs; another
//! seed gives others.

mod common;

use std::fs;
use std::path::Path;

use glyptic::format::Format;
use glyptic::pipeline::{Output, Request, etch, etch_photo};
use glyptic::sampling::Quality;
use glyptic::settings::{DepthSource, DxfDialect};
use glyptic::units::Mm;
use glyptic::{Run, photo};

/// A job with two files, a preview and a tone map in `folder`.
fn request(folder: &Path, deep: bool) -> Request {
    let path = |name: &str| folder.join(name);
    common::photo(&path("photo.png"), [150, 170], |u, v| {
        0.2 + 0.8 * common::dome(u, v) * u
    });
    let output = |name: &str, format| Output {
        path: path(name),
        format,
    };
    let mut request = Request {
        photo: path("photo.png"),
        outputs: vec![
            output("a.dxf", Format::Dxf(DxfDialect::Cockpit)),
            output("a.ply", Format::PlyBinary),
        ],
        tone_map: Some(path("tone.png")),
        preview: Some(path("preview.png")),
        ..Request::default()
    };
    request.settings.machine.spacing_xy_mm = Mm::new(0.15);
    if deep {
        common::depth(&path("depth.png"), [60, 70], common::dome);
        request.settings.depth.source = DepthSource::File(path("depth.png"));
        request.settings.depth.relief_mm = Mm::new(1.5);
    }
    request
}

/// The bytes of all files of a job that runs on `threads` threads.
fn bytes(threads: usize, deep: bool, change: impl Fn(&mut Request)) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path(), deep);
    change(&mut request);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| etch(&request, &Run::default())).unwrap();
    let names = ["a.dxf", "a.ply", "tone.png", "preview.png"];
    names
        .map(|name| fs::read(folder.path().join(name)).unwrap())
        .into()
}

#[test]
fn threads_and_repetition_change_nothing() {
    for deep in [false, true] {
        let one = bytes(1, deep, |_| {});
        // One thread again: nothing depends on addresses or on the order of a map either.
        for threads in [1, 2, 8] {
            assert!(
                one == bytes(threads, deep, |_| {}),
                "{threads} threads, deep: {deep}"
            );
        }
    }
}

#[test]
fn draft_and_best_do_not_depend_on_threads_either() {
    for quality in [Quality::Draft, Quality::Best] {
        let with = |threads| bytes(threads, true, |r| r.settings.sampling.quality = quality);
        assert!(with(1) == with(3), "{quality:?}");
    }
}

#[test]
fn another_seed_gives_another_cloud_of_the_same_picture() {
    let (one, two) = (
        bytes(2, false, |_| {}),
        bytes(2, false, |r| r.settings.sampling.seed = 2),
    );
    assert!(one[0] != two[0]);
    assert!(one[2] == two[2], "the tone map depends on the seed");
}

#[test]
fn files_and_memory_hold_the_same_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path(), false);
    request.outputs.remove(0);
    etch(&request, &Run::default()).unwrap();
    let written = glyptic::format::read(&request.outputs[0].path).unwrap();
    let decoded = photo::decode(&request.photo, 10.0).unwrap();
    let etched = etch_photo(&decoded, &request.settings, &Run::default()).unwrap();
    assert!(written == etched.cloud);
}
