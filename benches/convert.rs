//! Mending a cloud that somebody else made: respacing points scattered at random, half of which
//! stand too close, and fitting them into a heart; in points a second.
//!
//! `cargo bench --bench convert`; 0.1 and 1 million points, 10 million with `GLYPTIC_BENCH_LARGE=1`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::convert::{Coordinates, Purpose, Steps, Written, convert};
use glyptic::format::{Format, TextSettings};
use glyptic::machine::Machine;
use glyptic::settings::DxfDialect;

fn measure(criterion: &mut Criterion) {
    let machine = Machine::find("green-532").expect("the machine is built in");
    let blank = common::heart();
    let text = TextSettings::default();
    let purpose = |format| Purpose {
        blank: &blank,
        machine: &machine,
        spacing_xy_mm: 0.08,
        spacing_z_mm: 0.09,
        written: Written::new(Coordinates::default(), format, &text, 40.0),
    };
    let respace = Steps {
        respace: true,
        ..Steps::default()
    };
    let fit = Steps {
        fit: true,
        ..Steps::default()
    };
    let (coarse, fine) = (Format::Dxf(DxfDialect::Cockpit), Format::PlyBinary);
    let mut group = common::group(criterion, "convert");
    for size in common::sizes() {
        group.throughput(Throughput::Elements(size as u64));
        let cloud = common::scattered(size);
        for (name, steps, format) in [
            ("respace/2 decimals", &respace, coarse),
            ("respace/4 decimals", &respace, fine),
            ("fit", &fit, fine),
        ] {
            for pool in common::pools() {
                let id = BenchmarkId::new(format!("{name}/{}", common::threads(&pool)), size);
                let purpose = purpose(format);
                group.bench_function(id, |bencher| {
                    bencher.iter(|| pool.install(|| convert(black_box(&cloud), steps, &purpose)));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
