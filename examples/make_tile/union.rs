//! Layers that fit one another: their union is spread as evenly as each layer's spacing allows.
//!
//! In turns, all points take a step down the potential of the union's density (as the sampler's
//! relocation does, on a torus), and points of one layer that came too close push each other apart.
//! The unions of the first one, two and four layers are spread as well, so that fewer layers fit too.

use std::f64::consts::PI;

use glyptic::sampling::packing::push_apart;
use rayon::prelude::*;

/// Unions that are spread: so many of the first layers, and side of their raster in pixels. A pixel
/// is about 1.1 mean distances of the union's points wide; the side can be halved five times.
const UNIONS: [(usize, usize); 4] = [(1, 128), (2, 160), (4, 224), (8, 320)];

/// Weight of a union's step; the whole stack counts most.
const WEIGHTS: [f64; 4] = [0.1, 0.2, 0.4, 1.0];

/// Halvings of the raster.
const LEVELS: usize = 6;

type Layer = Vec<[f64; 2]>;

/// Spreads the union of layers on a torus of side `period` in so many rounds.
///
/// Returns the layers, each with a least distance of 1, and prints how even the union is.
pub(crate) fn unite(mut layers: Vec<Layer>, period: f64, rounds: usize) -> Vec<Layer> {
    for round in 0..rounds {
        // Larger steps at first; the last ones are smaller than what pushing apart undoes.
        let largest = 0.05 * (1.0 - round as f64 / rounds as f64) + 0.002;
        let fields: Vec<Field> = UNIONS
            .par_iter()
            .map(|&(count, side)| Field::new(&layers[..count], period, side))
            .collect();
        if round % 50 == 0 {
            println!("round {round}: {}", unevenness(&layers, period));
        }
        layers = layers
            .into_par_iter()
            .enumerate()
            .map(|(index, layer)| {
                let moved = layer.into_iter().map(|point| {
                    let step = step(&fields, index, point);
                    let shrink = (largest / step[0].hypot(step[1]).max(1e-12)).min(1.0);
                    [0, 1].map(|axis| (point[axis] + shrink * step[axis]).rem_euclid(period))
                });
                let moved = moved.map(|point| point.map(|v| if v >= period { 0.0 } else { v }));
                push_apart(moved.collect(), period, 4).0
            })
            .collect();
    }
    let settled: Vec<(Layer, f64)> = layers
        .into_par_iter()
        .map(|layer| push_apart(layer, period, 20_000))
        .collect();
    for (index, (_, least)) in settled.iter().enumerate() {
        println!("layer {index}: least distance {least}");
    }
    let layers: Vec<Layer> = settled.into_iter().map(|(layer, _)| layer).collect();
    println!("united: {}", unevenness(&layers, period));
    layers
}

/// Spreads the union of layers on a whole-number torus, by moves of at most one unit in x and in y;
/// the squared distance of any two points of a layer stays at least `least_squared`.
pub(crate) fn unite_on_grid(
    mut layers: Vec<Vec<[i32; 2]>>,
    period: i32,
    least_squared: i32,
    rounds: usize,
) -> Vec<Vec<[i32; 2]>> {
    let unit = f64::from(least_squared).sqrt().recip();
    let continuous = |layers: &[Vec<[i32; 2]>]| -> Vec<Layer> {
        let place = |point: &[i32; 2]| point.map(|value| f64::from(value) * unit);
        let mut all = Vec::new();
        for layer in layers {
            all.push(layer.iter().map(place).collect());
        }
        all
    };
    let side = f64::from(period) * unit;
    let mut rests: Vec<Layer> = layers.iter().map(|l| vec![[0.0; 2]; l.len()]).collect();
    for round in 0..rounds {
        let now = continuous(&layers);
        let fields: Vec<Field> = UNIONS
            .par_iter()
            .map(|&(count, px)| Field::new(&now[..count], side, px))
            .collect();
        if round % 50 == 0 {
            println!("round {round} on the grid: {}", unevenness(&now, side));
        }
        layers
            .par_iter_mut()
            .zip(&mut rests)
            .enumerate()
            .for_each(|(index, (layer, rests))| {
                let mut taken = Taken::new(layer, period, least_squared);
                for (point, rest) in layer.iter_mut().zip(rests) {
                    let step = step(&fields, index, point.map(|v| f64::from(v) * unit));
                    let wish = [0, 1].map(|a| (step[a] / unit).clamp(-1.0, 1.0) + rest[a]);
                    let way = wish.map(|value| value.round().clamp(-1.0, 1.0) as i32);
                    *rest = [0, 1].map(|a| (wish[a] - f64::from(way[a])).clamp(-0.5, 0.5));
                    for way in [way, [way[0], 0], [0, way[1]]] {
                        let to = [0, 1].map(|a| (point[a] + way[a]).rem_euclid(period));
                        if to != *point && taken.free(to, *point) {
                            taken.shift(*point, to);
                            *point = to;
                            break;
                        }
                    }
                }
            });
    }
    println!(
        "united on the grid: {}",
        unevenness(&continuous(&layers), side)
    );
    layers
}

/// The places of a layer's points, by cells of one spacing.
struct Taken {
    period: i32,
    least_squared: i32,
    per_side: i32,
    cells: Vec<Vec<[i32; 2]>>,
}

impl Taken {
    fn new(layer: &[[i32; 2]], period: i32, least_squared: i32) -> Self {
        let per_side = (f64::from(period) / f64::from(least_squared).sqrt()) as i32;
        let cells = vec![Vec::new(); (per_side * per_side) as usize];
        let mut taken = Self {
            period,
            least_squared,
            per_side,
            cells,
        };
        for &point in layer {
            let home = taken.home(point);
            taken.cells[home].push(point);
        }
        taken
    }

    fn cell(&self, value: i32) -> i32 {
        (i64::from(value) * i64::from(self.per_side) / i64::from(self.period)) as i32
    }

    fn home(&self, [x, y]: [i32; 2]) -> usize {
        (self.cell(y) * self.per_side + self.cell(x)) as usize
    }

    /// Whether a point may stand there that has left `from`.
    fn free(&self, [x, y]: [i32; 2], from: [i32; 2]) -> bool {
        let apart = |a: i32, b: i32| {
            let d = (a - b).abs();
            d.min(self.period - d)
        };
        (0..9).all(|k| {
            let column = (self.cell(x) + k % 3 - 1).rem_euclid(self.per_side);
            let row = (self.cell(y) + k / 3 - 1).rem_euclid(self.per_side);
            let cell = &self.cells[(row * self.per_side + column) as usize];
            cell.iter().all(|other| {
                let (dx, dy) = (apart(x, other[0]), apart(y, other[1]));
                *other == from || dx * dx + dy * dy >= self.least_squared
            })
        })
    }

    fn shift(&mut self, from: [i32; 2], to: [i32; 2]) {
        let (old, new) = (self.home(from), self.home(to));
        self.cells[old].retain(|&point| point != from);
        self.cells[new].push(to);
    }
}

/// The step of a point of that layer, down the potentials of all unions that hold it.
fn step(fields: &[Field], layer: usize, point: [f64; 2]) -> [f64; 2] {
    let mut step = [0.0; 2];
    for ((field, weight), (count, _)) in fields.iter().zip(WEIGHTS).zip(UNIONS) {
        if layer < count {
            let part = field.step(point);
            step = [0, 1].map(|axis| step[axis] + weight * part[axis]);
        }
    }
    step
}

/// Standard deviation of each union's density after a blur of 0.6 and 1.8 spacings, in parts of it.
fn unevenness(layers: &[Layer], period: f64) -> String {
    let of = |count: usize| {
        let side = 512;
        let mut raster = splat(&layers[..count], period, side);
        let mut parts = Vec::new();
        for sigma in [0.6, 1.7] {
            // Repeated binomial smoothing, variance 1 pixel each.
            let passes = (sigma * side as f64 / period).powi(2).round() as usize;
            (0..passes).for_each(|_| raster = smoothed(&raster, side));
            let square: f64 = raster.iter().map(|value| value * value).sum();
            parts.push(format!("{:.5}", (square / raster.len() as f64).sqrt()));
        }
        format!("{count} layers {}", parts.join(" "))
    };
    [1, 2, 4, 8].map(of).join(", ")
}

/// The potential of one union.
struct Field {
    side: usize,
    px: f64,
    potential: Vec<f64>,
}

impl Field {
    fn new(layers: &[Layer], period: f64, side: usize) -> Self {
        let error = splat(layers, period, side);
        Self {
            side,
            px: period / side as f64,
            potential: descend(&error, side, 0),
        }
    }

    /// The step downhill at a place.
    fn step(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (u, v) = (x / self.px, y / self.px);
        let (i, j) = (u.floor(), v.floor());
        let spline = |f: f64| {
            [
                0.5 * (0.5 - f).powi(2),
                0.75 - f * f,
                0.5 * (0.5 + f).powi(2),
            ]
        };
        let slope = |f: f64| [f - 0.5, -2.0 * f, f + 0.5];
        let (fx, fy) = (u - i - 0.5, v - j - 0.5);
        let (wx, wy, sx, sy) = (spline(fx), spline(fy), slope(fx), slope(fy));
        let wrap =
            |value: f64, offset: usize| (value as usize + offset + self.side - 1) % self.side;
        let mut gradient = [0.0; 2];
        for b in 0..3 {
            for a in 0..3 {
                let value = self.potential[wrap(j, b) * self.side + wrap(i, a)];
                gradient[0] += sx[a] * wy[b] * value;
                gradient[1] += wx[a] * sy[b] * value;
            }
        }
        gradient.map(|value| -self.px * value)
    }
}

/// Density of the union less its mean, in parts of it, spread bilinearly.
fn splat(layers: &[Layer], period: f64, side: usize) -> Vec<f64> {
    let mut raster = vec![0.0; side * side];
    let count: usize = layers.iter().map(Vec::len).sum();
    let share = (side * side) as f64 / count as f64;
    for &[x, y] in layers.iter().flatten() {
        let place = |value: f64| value / period * side as f64 + side as f64 - 0.5;
        let (u, v) = (place(x), place(y));
        let (i, j) = (u as usize, v as usize);
        let (fx, fy) = (u - i as f64, v - j as f64);
        for (j, wy) in [(j, 1.0 - fy), (j + 1, fy)] {
            for (i, wx) in [(i, 1.0 - fx), (i + 1, fx)] {
                raster[j % side * side + i % side] += share * wx * wy;
            }
        }
    }
    raster.iter_mut().for_each(|value| *value -= 1.0);
    raster
}

/// The potential by Gaussians of doubling width, as in the sampler, on a torus.
fn descend(error: &[f64], side: usize, level: usize) -> Vec<f64> {
    let mut smooth = smoothed(error, side);
    if level == 0 {
        smooth = smoothed(&smooth, side);
    }
    let weight = if level == 0 {
        1.7
    } else {
        4f64.powi(level as i32)
    };
    let coarse = (level + 1 < LEVELS).then(|| {
        let half = side / 2;
        let mean = |k: usize| {
            let at = |dx: usize, dy: usize| smooth[(k / half * 2 + dy) * side + k % half * 2 + dx];
            0.25 * (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1))
        };
        descend(
            &(0..half * half).map(mean).collect::<Vec<f64>>(),
            half,
            level + 1,
        )
    });
    let half = side / 2;
    let around = |k: usize| {
        let near = k / 2;
        (
            near,
            if k.is_multiple_of(2) {
                (near + half - 1) % half
            } else {
                (near + 1) % half
            },
        )
    };
    (0..side * side)
        .map(|k| {
            let ((x, xx), (y, yy)) = (around(k % side), around(k / side));
            let wide = coarse.as_ref().map_or(0.0, |c| {
                let row = |y: usize| 0.75 * c[y * half + x] + 0.25 * c[y * half + xx];
                0.75 * row(y) + 0.25 * row(yy)
            });
            weight * smooth[k] + wide
        })
        .collect()
}

/// Smooths by the binomial 1 4 6 4 1 in both directions.
fn smoothed(raster: &[f64], side: usize) -> Vec<f64> {
    let binomial = [1.0, 4.0, 6.0, 4.0, 1.0];
    let pass = |source: &[f64], step: usize, index: &dyn Fn(usize) -> usize| -> Vec<f64> {
        (0..side * side)
            .map(|k| {
                let place = index(k);
                let line = k - place * step;
                let at = |n: usize| source[line + (place + side + n - 2) % side * step];
                (0..5).map(|n| binomial[n] * at(n)).sum::<f64>() / 16.0
            })
            .collect()
    };
    let rows = pass(raster, 1, &|k| k % side);
    pass(&rows, side, &|k| k / side)
}

/// Turned and shifted copies of one packing, to start from.
pub(crate) fn copies(layer: &Layer, period: f64, count: usize) -> Vec<Layer> {
    (0..count)
        .map(|index| {
            // Irrational steps: no two copies share rows.
            let shift = [0.618_034, 0.414_214].map(|part| index as f64 * part * period * PI);
            layer
                .iter()
                .map(|&[x, y]| {
                    let [x, y] = if index & 1 == 0 { [x, y] } else { [y, x] };
                    let x = if index & 2 == 0 { x } else { -x };
                    let y = if index & 4 == 0 { y } else { -y };
                    let moved = [x + shift[0], y + shift[1]].map(|v| v.rem_euclid(period));
                    moved.map(|v| if v >= period { 0.0 } else { v })
                })
                .collect()
        })
        .collect()
}
