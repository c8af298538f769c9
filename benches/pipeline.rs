//! The whole job, in points a second: a photo of 9 megapixels to a DXF file of a million points.
//!
//! `cargo bench --bench pipeline`; `benches/against_gzip.sh` measures whole processes instead.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::format::Format;
use glyptic::pipeline::{Output, Request, etch};
use glyptic::sampling::Quality;
use glyptic::settings::DxfDialect;
use glyptic::{Run, Settings};

use common::PHOTO_SIDE_PX;

const POINTS: u64 = 1_000_000;

fn pipeline(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let photo = folder.path().join("photo.jpg");
    let side_px = PHOTO_SIDE_PX as u32;
    let light = common::photo(PHOTO_SIDE_PX).luminance;
    let bytes = light.map(|value| (value.sqrt() * 255.0) as u8);
    image::GrayImage::from_raw(side_px, side_px, bytes.into_values())
        .expect("a byte for each pixel")
        .save(&photo)
        .expect("the folder takes a picture");
    let mut group = common::group(criterion, "pipeline");
    group.throughput(Throughput::Elements(POINTS));
    for (name, quality) in [
        ("draft", Quality::Draft),
        ("fine", Quality::Fine),
        ("best", Quality::Best),
    ] {
        let mut settings = Settings::default();
        settings.blank.name = "heart-80x70x40".to_owned();
        settings.sampling.points = Some(POINTS);
        settings.sampling.quality = quality;
        let request = Request {
            photo: photo.clone(),
            outputs: vec![Output {
                path: folder.path().join("bench.dxf"),
                format: Format::Dxf(DxfDialect::Cockpit),
            }],
            settings,
            ..Request::default()
        };
        for pool in common::pools() {
            let id = BenchmarkId::new(name, common::threads(&pool));
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    let report = pool.install(|| etch(&request, &Run::default()));
                    report.expect("the job is sound")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
