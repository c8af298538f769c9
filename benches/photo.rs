//! Decoding of a photo of 9 megapixels to linear luminance, in pixels a second.
//!
//! `cargo bench --bench photo`; the photo is written first, in each format and in grey and colour.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::photo::decode;

use common::PHOTO_SIDE_PX;

fn photo(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let side_px = PHOTO_SIDE_PX as u32;
    let light = common::photo(PHOTO_SIDE_PX).luminance;
    let bytes = light.map(|value| (value.sqrt() * 255.0) as u8);
    let gray = image::GrayImage::from_raw(side_px, side_px, bytes.into_values())
        .expect("a byte for each pixel");
    let gray = image::DynamicImage::ImageLuma8(gray);
    let color = image::DynamicImage::ImageRgb8(gray.to_rgb8());
    let mut group = common::group(criterion, "photo");
    group.throughput(Throughput::Elements((PHOTO_SIDE_PX * PHOTO_SIDE_PX) as u64));
    for (name, picture, extension) in [
        ("grey", &gray, "jpg"),
        ("colour", &color, "jpg"),
        ("grey", &gray, "png"),
        ("colour", &color, "png"),
    ] {
        let path = folder.path().join(format!("{name}.{extension}"));
        picture.save(&path).expect("the folder takes a picture");
        for pool in common::pools() {
            let id = BenchmarkId::new(format!("{extension}/{name}"), common::threads(&pool));
            group.bench_function(id, |bencher| {
                bencher.iter(|| pool.install(|| decode(black_box(&path), 150.0)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, photo);
criterion_main!(benches);
