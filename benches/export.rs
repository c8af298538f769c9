//! Points to files, in points a second: DXF against a plain loop of one `write!` a coordinate into a
//! large `BufWriter`, PLY against a raw write of as many bytes; and back into points.
//!
//! `cargo bench --bench export`; 0.1 and 1 million points and for PLY 5 million; 10 million with
//! `GLYPTIC_BENCH_LARGE=1`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::Cloud;
use glyptic::format::{Format, read_bytes, write};
use glyptic::settings::DxfDialect;

/// What anyone would write first.
fn plain_loop(cloud: &Cloud, out: &mut Vec<u8>) {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    for (handle, [x, y, z]) in (1..).zip(cloud.points()) {
        write!(out, "0\nPOINT\n8\nVWX\n5\n{handle}\n").unwrap();
        write!(out, "10\n{x:.2}\n").unwrap();
        write!(out, "20\n{y:.2}\n").unwrap();
        write!(out, "30\n{z:.2}\n").unwrap();
    }
    out.flush().unwrap();
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
    let mut sizes = common::sizes();
    // The size that the limit of three times the raw write is stated for.
    sizes.insert(2, 5_000_000);
    for size in sizes {
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

fn reading(criterion: &mut Criterion) {
    let mut group = common::group(criterion, "read");
    let size = 1_000_000;
    let cloud = common::sheets(size);
    group.throughput(Throughput::Elements(size as u64));
    for format in Format::ALL {
        let name = format!("bench.{}", format.extension());
        let name = Path::new(&name);
        let mut bytes = Vec::new();
        write(&cloud, format, &[], name, &mut bytes).unwrap();
        group.bench_function(BenchmarkId::new(format.name(), size), |bencher| {
            bencher.iter(|| read_bytes(name, black_box(&bytes)).unwrap().len());
        });
    }
    group.finish();
}

criterion_group!(benches, dxf, ply, reading);
criterion_main!(benches);
