//! Ordering: points per second, and travel against the nearest neighbour and a Hilbert curve.
//!
//! `cargo bench --bench ordering` first prints the table of travels, on a flat cloud and on a
//! relief, then measures. `cargo bench --bench ordering -- travel` prints the table alone.

mod common;

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use glyptic::Cloud;
use glyptic::machine::Machine;
use glyptic::order::{Effort, Slabs, deepest_first, deepest_first_with};
use glyptic::random;

const SPACING_XY_MM: f32 = 0.08;
const SPACING_Z_MM: f64 = 0.09;
const LAYERS: u32 = 8;

/// Flat layers of a portrait-like tone, or the same on a dome with waves.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Flat,
    Relief,
}

/// About `count` points on a disc: error diffusion in each layer, jittered within the cells.
fn cloud(shape: Shape, count: usize) -> Cloud {
    // A disc fills 0.75 of its square; the mean tone is 0.45.
    let side = (count as f32 / (LAYERS as f32 * 0.75 * 0.45)).sqrt() as usize;
    let mut cloud = Cloud::default();
    for layer in 0..LAYERS {
        let shift = 0.5 * (layer % 2) as f32;
        let mut below = vec![0.0f32; side + 2];
        for row in 0..side {
            let errors = std::mem::replace(&mut below, vec![0.0; side + 2]);
            let mut carry = 0.0;
            for column in 0..side {
                let index = ((u64::from(layer) << 32 | row as u64) << 24) | column as u64;
                let u = (column as f32 + 0.5) / side as f32 * 2.0 - 1.0;
                let v = (row as f32 + 0.5) / side as f32 * 2.0 - 1.0;
                let wish = tone(u, v) + errors[column + 1] + carry;
                let on = wish > 0.3 + 0.4 * random::unit(1, index);
                let error = wish - f32::from(u8::from(on));
                carry = error * 0.4375;
                below[column] += error * 0.1875;
                below[column + 1] += error * 0.3125;
                below[column + 2] += error * 0.0625;
                if on {
                    let at = |cell: usize, stream| {
                        let jitter = 0.5 * random::unit(stream, index);
                        (cell as f32 + jitter + shift) * SPACING_XY_MM
                    };
                    let z = height_mm(shape, u, v) - SPACING_Z_MM as f32 * layer as f32;
                    cloud.push([at(column, 2), at(row, 3), z]);
                }
            }
        }
    }
    cloud
}

fn tone(u: f32, v: f32) -> f32 {
    if u * u + v * v > 0.95 {
        return 0.0;
    }
    let waves = 0.3 * (3.0 * u + 1.0).sin() * (4.0 * v).cos() + 0.2 * (17.0 * u * v).sin();
    (0.45 + waves).clamp(0.0, 1.0)
}

fn height_mm(shape: Shape, u: f32, v: f32) -> f32 {
    match shape {
        Shape::Flat => 0.0,
        Shape::Relief => {
            let dome = (1.0 - u * u - v * v).max(0.0).sqrt();
            6.0 * (dome + 0.15 * (5.0 * u).cos() * (4.0 * v + 0.5).sin())
        }
    }
}

/// The points of each slab, deepest first.
fn slabs(cloud: &Cloud) -> Vec<Vec<u32>> {
    let slabs = Slabs::new(SPACING_Z_MM);
    let mut order: Vec<u32> = (0..cloud.len() as u32).collect();
    let slab = |index: &u32| slabs.of(cloud.z_mm()[*index as usize]);
    order.sort_by_key(slab);
    order
        .chunk_by(|a, b| slab(a) == slab(b))
        .map(<[u32]>::to_vec)
        .collect()
}

/// References: each orders one slab. One thread, written to be plain.
mod reference {
    use glyptic::Cloud;

    /// Hilbert curve over the bounding square in cells of a 65,536th.
    pub(crate) fn hilbert(cloud: &Cloud, slab: &mut [u32]) {
        let (x_min, y_min, side_mm) = square(cloud, slab);
        let cell = |value: f32, least: f32| ((value - least) / side_mm * 65_535.0) as u32;
        slab.sort_by_cached_key(|&index| {
            let [x, y, _] = cloud.point(index as usize);
            let (mut x, mut y) = (cell(x, x_min), cell(y, y_min));
            let mut along = 0u64;
            for bit in (0..16).rev() {
                let (right, up) = ((x >> bit) & 1, (y >> bit) & 1);
                along = along << 2 | u64::from((3 * right) ^ up);
                if up == 0 {
                    if right == 1 {
                        (x, y) = (65_535 - x, 65_535 - y);
                    }
                    (x, y) = (y, x);
                }
            }
            along
        });
    }

    /// Always on to the nearest point that is left, found in a grid with cells of two points.
    pub(crate) fn nearest_neighbour(cloud: &Cloud, slab: &mut [u32]) {
        let (x_min, y_min, side_mm) = square(cloud, slab);
        let cells = ((slab.len() as f32 / 2.0).sqrt() as usize).max(1);
        let cell_mm = side_mm / cells as f32 * 1.0001;
        let cell = |index: u32| {
            let [x, y, _] = cloud.point(index as usize);
            (
                ((x - x_min) / cell_mm) as usize,
                ((y - y_min) / cell_mm) as usize,
            )
        };
        let mut grid = vec![Vec::new(); cells * cells];
        for &index in slab[1..].iter() {
            let (column, row) = cell(index);
            grid[row * cells + column].push(index);
        }
        let mut here = slab[0];
        for place in slab[1..].iter_mut() {
            let [x, y, _] = cloud.point(here as usize);
            let (column, row) = cell(here);
            let mut best = (f32::INFINITY, 0, 0);
            for ring in 0..=cells {
                if best.0 <= (ring as f32 - 1.0) * cell_mm {
                    break;
                }
                let rows = row.saturating_sub(ring)..=(row + ring).min(cells - 1);
                for row_there in rows {
                    let edge = row_there.abs_diff(row) == ring;
                    let columns = column.saturating_sub(ring)..=(column + ring).min(cells - 1);
                    for column_there in columns {
                        if !edge && column_there.abs_diff(column) != ring {
                            continue;
                        }
                        let there = row_there * cells + column_there;
                        for (slot, &index) in grid[there].iter().enumerate() {
                            let [px, py, _] = cloud.point(index as usize);
                            let distance_mm = (px - x).hypot(py - y);
                            if distance_mm < best.0 {
                                best = (distance_mm, there, slot);
                            }
                        }
                    }
                }
            }
            here = grid[best.1].swap_remove(best.2);
            *place = here;
        }
    }

    fn square(cloud: &Cloud, slab: &[u32]) -> (f32, f32, f32) {
        let points = cloud.permuted(slab);
        let (least, most) = points.bounds().expect("a slab holds points");
        let side_mm = (most[0] - least[0]).max(most[1] - least[1]).max(1e-3);
        (least[0], least[1], side_mm)
    }
}

/// Travel and time of each method, and the ratio to the better of the two references.
fn print_travel(count: usize) {
    let machine = Machine::find("green-532").expect("the machine is built in");
    for shape in [Shape::Flat, Shape::Relief] {
        let cloud = cloud(shape, count);
        let by_slab = |order: fn(&Cloud, &mut [u32])| {
            let mut slabs = slabs(&cloud);
            slabs.iter_mut().for_each(|slab| order(&cloud, slab));
            slabs.concat()
        };
        let methods: [(&str, &dyn Fn() -> Vec<u32>); 4] = [
            ("nearest neighbour", &|| {
                by_slab(reference::nearest_neighbour)
            }),
            ("Hilbert curve", &|| by_slab(reference::hilbert)),
            ("deepest_first", &|| deepest_first(&cloud, SPACING_Z_MM)),
            ("thorough", &|| {
                deepest_first_with(&cloud, SPACING_Z_MM, Effort::Thorough)
            }),
        ];
        println!(
            "{shape:?}, {} points, travel mm a point, ratio, seconds",
            cloud.len()
        );
        let mut better_mm = f64::INFINITY;
        for (method, (name, order)) in methods.into_iter().enumerate() {
            let start = Instant::now();
            let order = order();
            let seconds = start.elapsed().as_secs_f64();
            let travel_mm = machine
                .estimate(&cloud.permuted(&order), SPACING_Z_MM)
                .travel_mm;
            let each_mm = travel_mm / cloud.len() as f64;
            if method < 2 {
                better_mm = better_mm.min(travel_mm);
            }
            let ratio = travel_mm / better_mm;
            println!("  {name:18} {each_mm:.4}  {ratio:.3}  {seconds:.3}");
        }
    }
}

fn measure(criterion: &mut Criterion) {
    let mut group = common::group(criterion, "ordering");
    for (shape, count) in [
        (Shape::Flat, 100_000),
        (Shape::Flat, 1_000_000),
        (Shape::Relief, 1_000_000),
        (Shape::Relief, 10_000_000),
    ] {
        if !common::sizes().contains(&count) {
            continue;
        }
        let cloud = cloud(shape, count);
        group.throughput(Throughput::Elements(cloud.len() as u64));
        for pool in common::pools() {
            let name = format!("deepest_first/{shape:?}/{}", common::threads(&pool));
            group.bench_function(BenchmarkId::new(name, cloud.len()), |bencher| {
                bencher.iter(|| pool.install(|| deepest_first(black_box(&cloud), SPACING_Z_MM)));
            });
        }
    }
    group.finish();
}

fn main() {
    let alone = std::env::args().any(|argument| argument == "travel");
    // `cargo test --benches` runs this with --test: once, and small.
    let test = std::env::args().any(|argument| argument == "--test");
    print_travel(if test { 10_000 } else { 1_000_000 });
    if !alone && !test {
        let mut criterion = Criterion::default().configure_from_args();
        measure(&mut criterion);
        criterion.final_summary();
    }
}
