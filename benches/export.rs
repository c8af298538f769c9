//! Points to files, in points a second: DXF against a plain loop of `write!`, PLY against a raw
//! write of as many bytes.
//!
//! `cargo bench --bench export`; 0.1 and 1 million points, 10 million with
//! `GLYPTIC_BENCH_LARGE=1`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::Cloud;
use glyptic::format::{Format, write};
use glyptic::settings::DxfDialect;

/// What anyone would write first.
fn plain_loop(cloud: &Cloud, out: &mut Vec<u8>) {
    for (handle, [x, y, z]) in (1..).zip(cloud.points()) {
        write!(out, "0\nPOINT\n8\nVWX\n5\n{handle}\n").unwrap();
        write!(out, "10\n{x:.2}\n").unwrap();
        write!(out, "20\n{y:.2}\n").unwrap();
        write!(out, "30\n{z:.2}\n").unwrap();
    }
}

fn dxf(criterion: &mut Criterion) {
    let mut group = common::group(criterion, "dxf");
    for size in common::sizes() {
        let cloud = common::sheets(size);
        let mut out: Vec<u8> = Vec::with_capacity(60 * size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("plain loop", size), |bencher| {
            bencher.iter(|| {
                out.clear();
                plain_loop(&cloud, &mut out);
                black_box(out.len())
            });
        });
        for (name, dialect) in [
            ("cockpit", DxfDialect::Cockpit),
            ("ac1015", DxfDialect::Ac1015),
        ] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    write(
                        &cloud,
                        Format::Dxf(dialect),
                        &[],
                        Path::new("bench"),
                        &mut out,
                    )
                    .unwrap();
                    black_box(out.len())
                });
            });
        }
    }
    group.finish();
}

fn ply(criterion: &mut Criterion) {
    let mut group = common::group(criterion, "ply");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.ply");
    for size in common::sizes() {
        let cloud = common::sheets(size);
        let raw = vec![1_u8; 12 * size];
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("raw bytes", size), |bencher| {
            bencher.iter(|| File::create(&path).unwrap().write_all(&raw).unwrap());
        });
        group.bench_function(BenchmarkId::new("binary", size), |bencher| {
            bencher.iter(|| {
                let mut out = BufWriter::new(File::create(&path).unwrap());
                write(&cloud, Format::PlyBinary, &[], &path, &mut out).unwrap();
                out.flush().unwrap();
            });
        });
        group.bench_function(BenchmarkId::new("whole file, hashed", size), |bencher| {
            bencher.iter(|| {
                glyptic::format::write_whole(&path, |out| {
                    write(&cloud, Format::PlyBinary, &[], &path, out)
                })
                .unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dxf, ply);
criterion_main!(benches);
