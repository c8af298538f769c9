//! Power diagrams of sites over a tone: of each site its share of the tone, the share's centre, and what it
//! trades with its neighbours.
//!
//! A site's cell is what is nearer to it than to others by the squared distance less a weight (F. Aurenhammer,
//! *Power diagrams: properties, algorithms and applications*, 1987). Each is cut out of a square by the sites around it,
//! from near to far, until none beyond can reach it; its tone is that of its parts of pixels.

use glyptic::grid::Grid;
use rayon::prelude::*;

use crate::cells::Cells;

/// No site is beyond a cell's edge.
const NONE: usize = usize::MAX;

/// Half the side of the square that cells are cut from, pixels: what is farther from its site has no tone to speak of.
const FARTHEST: f64 = 48.0;

/// Side of the tiles by which heavy sites are looked up, pixels.
const TILE: usize = 8;

/// A corner of a cell, and the site across the edge from it to the next.
#[derive(Clone, Copy)]
struct Corner {
    at: [f64; 2],
    beyond: usize,
}

/// What a site has of the tone.
pub(crate) struct Share {
    /// Points' worth of tone.
    pub(crate) tone: f64,
    /// Its centre, pixels.
    pub(crate) centre: [f64; 2],
    /// Neighbours, and how much tone one has from the other as its weight grows, points per px2.
    pub(crate) trades: Vec<(usize, f64)>,
}

struct Diagram<'a> {
    wishes: &'a Grid<f64>,
    sites: &'a [[f64; 2]],
    weights: &'a [f64],
    cells: Cells,
    /// The largest weight in each tile.
    heaviest: Grid<f64>,
}

/// The shares of all sites; places and weights in pixels and their squares.
pub(crate) fn shares(wishes: &Grid<f64>, sites: &[[f64; 2]], weights: &[f64]) -> Vec<Share> {
    let tiles = [wishes.width(), wishes.height()].map(|side| side.div_ceil(TILE));
    let mut heaviest = Grid::filled(tiles[0], tiles[1], f64::MIN);
    for (&site, &weight) in sites.iter().zip(weights) {
        let [x, y] = [0, 1].map(|axis| (site[axis] as usize / TILE).min(tiles[axis] - 1));
        heaviest.set(x, y, weight.max(heaviest.at(x, y)));
    }
    let diagram = Diagram {
        wishes,
        sites,
        weights,
        cells: Cells::new(sites, wishes.width(), wishes.height()),
        heaviest,
    };
    (0..sites.len())
        .into_par_iter()
        .with_min_len(256)
        .map(|site| diagram.share(site))
        .collect()
}

impl Diagram<'_> {
    fn share(&self, site: usize) -> Share {
        let cell = self.cell(site);
        let [tone, u, v] = self.moments(&cell);
        Share {
            tone,
            centre: if tone > 0.0 {
                [u / tone, v / tone]
            } else {
                self.sites[site]
            },
            trades: self.trades(site, &cell),
        }
    }

    /// The corners of a site's cell; none if others leave it nothing.
    fn cell(&self, site: usize) -> Vec<Corner> {
        let at = self.sites[site];
        let low = at.map(|value| (value - FARTHEST).max(0.0));
        let high = [
            (at[0] + FARTHEST).min(self.wishes.width() as f64),
            (at[1] + FARTHEST).min(self.wishes.height() as f64),
        ];
        let square = [low, [high[0], low[1]], high, [low[0], high[1]]];
        let mut cell = square.map(|at| Corner { at, beyond: NONE }).to_vec();
        let mut cut = Vec::new();
        let mut reach = farthest(&cell, at);
        for ring in 0..2 * FARTHEST as usize {
            if ring as f64 > 2.0 * reach + 1.0 {
                break;
            }
            for other in self.cells.in_ring(at, ring) {
                self.cut(site, other, &mut cell, &mut reach, &mut cut);
            }
        }
        // Heavy sites reach from farther.
        let column = (at[0] - FARTHEST).max(0.0) as usize / TILE;
        let row = (at[1] - FARTHEST).max(0.0) as usize / TILE;
        let tiles = 2 * FARTHEST as usize / TILE;
        for y in row..(row + tiles + 1).min(self.heaviest.height()) {
            for x in column..(column + tiles + 1).min(self.heaviest.width()) {
                let off = |tile: usize, at: f64| {
                    let low = (tile * TILE) as f64;
                    (low - at).max(at - low - TILE as f64).max(0.0)
                };
                let near = off(x, at[0]).hypot(off(y, at[1]));
                let spare = self.weights[site] - self.heaviest.at(x, y);
                if near > reach && near * (near - 2.0 * reach) + spare >= 0.0 {
                    continue;
                }
                let columns = x * TILE..((x + 1) * TILE).min(self.wishes.width());
                for row in y * TILE..((y + 1) * TILE).min(self.wishes.height()) {
                    for &other in self.cells.in_row(row, columns.clone()) {
                        self.cut(site, other as usize, &mut cell, &mut reach, &mut cut);
                    }
                }
            }
        }
        cell
    }

    /// Takes from a site's cell what is the other's; `spare` is room to work in.
    fn cut(
        &self,
        site: usize,
        other: usize,
        cell: &mut Vec<Corner>,
        reach: &mut f64,
        spare: &mut Vec<Corner>,
    ) {
        let [at, there] = [self.sites[site], self.sites[other]];
        let to = [there[0] - at[0], there[1] - at[1]];
        let square = to[0] * to[0] + to[1] * to[1];
        // The edge is where `to` times the way from the site is half of this.
        let limit = square + self.weights[site] - self.weights[other];
        if other == site || limit >= 2.0 * *reach * square.sqrt() {
            return;
        }
        let over = |[u, v]: [f64; 2]| to[0] * (u - at[0]) + to[1] * (v - at[1]) - 0.5 * limit;
        if cell.iter().any(|corner| over(corner.at) > 0.0) {
            clip(cell, over, other, spare);
            std::mem::swap(cell, spare);
            *reach = farthest(cell, at);
        }
    }

    /// What a pixel wants; beyond the edges, which rounding can reach, what the outermost does.
    fn wish(&self, column: usize, row: usize) -> f64 {
        let (last_column, last_row) = (self.wishes.width() - 1, self.wishes.height() - 1);
        self.wishes.at(column.min(last_column), row.min(last_row))
    }

    /// Tone of a cell, and the tone times its place.
    fn moments(&self, cell: &[Corner]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let mut rest: Vec<[f64; 2]> = cell.iter().map(|corner| corner.at).collect();
        let (mut strip, mut piece, mut spare) = (Vec::new(), Vec::new(), Vec::new());
        for row in span(&rest, 1) {
            split(&rest, 1, (row + 1) as f64, &mut strip, &mut spare);
            std::mem::swap(&mut rest, &mut spare);
            for column in span(&strip, 0) {
                split(&strip, 0, (column + 1) as f64, &mut piece, &mut spare);
                std::mem::swap(&mut strip, &mut spare);
                let wish = self.wish(column, row);
                if wish > 0.0 {
                    let [area, u, v] = area(&piece);
                    sums[0] += wish * area;
                    sums[1] += wish * u;
                    sums[2] += wish * v;
                }
            }
        }
        sums
    }

    /// The derivative of the tone by the difference of weights: the tone along the edge over twice the distance
    /// between the sites.
    fn trades(&self, site: usize, cell: &[Corner]) -> Vec<(usize, f64)> {
        // Black counts as a little tone, or the weights of sites around it take steps too far: with 0.002 Newton's
        // method went a quarter or an eighth of a step, and shares were as uneven as before.
        const LEAST: f64 = 0.02;
        let mut trades = Vec::with_capacity(cell.len());
        for (index, corner) in cell.iter().enumerate() {
            if corner.beyond == NONE {
                continue;
            }
            let [from, to] = [corner.at, cell[(index + 1) % cell.len()].at];
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            let steps = length.ceil().max(1.0);
            let along = |step: usize| {
                let part = (step as f64 + 0.5) / steps;
                let mix = |axis: usize| from[axis] + part * (to[axis] - from[axis]);
                self.wish(mix(0) as usize, mix(1) as usize).max(LEAST)
            };
            let tone: f64 = (0..steps as usize).map(along).sum::<f64>() * length / steps;
            let [here, there] = [self.sites[site], self.sites[corner.beyond]];
            let distance = (here[0] - there[0]).hypot(here[1] - there[1]);
            trades.push((corner.beyond, tone / (2.0 * distance.max(1e-6))));
        }
        trades
    }
}

/// The largest distance of a corner.
fn farthest(cell: &[Corner], [u, v]: [f64; 2]) -> f64 {
    let square = |corner: &Corner| (corner.at[0] - u).powi(2) + (corner.at[1] - v).powi(2);
    cell.iter().map(square).fold(0.0, f64::max).sqrt()
}

/// What is left of a cell where `over` is not above 0.
fn clip(cell: &[Corner], over: impl Fn([f64; 2]) -> f64, beyond: usize, left: &mut Vec<Corner>) {
    left.clear();
    for (index, &corner) in cell.iter().enumerate() {
        let next = cell[(index + 1) % cell.len()];
        let (here, there) = (over(corner.at), over(next.at));
        if here <= 0.0 {
            left.push(corner);
        }
        if (here <= 0.0) != (there <= 0.0) {
            let part = here / (here - there);
            let at = [0, 1].map(|k| corner.at[k] + part * (next.at[k] - corner.at[k]));
            let beyond = if here <= 0.0 { beyond } else { corner.beyond };
            left.push(Corner { at, beyond });
        }
    }
}

/// Pixels that a polygon spans along an axis.
fn span(polygon: &[[f64; 2]], axis: usize) -> std::ops::Range<usize> {
    let values = || polygon.iter().map(|at| at[axis]);
    let (low, high) = (
        values().fold(f64::MAX, f64::min),
        values().fold(0.0, f64::max),
    );
    low as usize..high.ceil() as usize
}

/// Parts of a polygon below and above a place on an axis.
fn split(
    polygon: &[[f64; 2]],
    axis: usize,
    place: f64,
    below: &mut Vec<[f64; 2]>,
    above: &mut Vec<[f64; 2]>,
) {
    below.clear();
    above.clear();
    for (index, &at) in polygon.iter().enumerate() {
        let next = polygon[(index + 1) % polygon.len()];
        let (here, there) = (at[axis] - place, next[axis] - place);
        let part = if here <= 0.0 {
            &mut *below
        } else {
            &mut *above
        };
        part.push(at);
        if (here <= 0.0) != (there <= 0.0) {
            let share = here / (here - there);
            let edge = [0, 1].map(|k| at[k] + share * (next[k] - at[k]));
            below.push(edge);
            above.push(edge);
        }
    }
}

/// A polygon's area, and that times its centre.
fn area(polygon: &[[f64; 2]]) -> [f64; 3] {
    let Some(&[u, v]) = polygon.first() else {
        return [0.0; 3];
    };
    let mut sums = [0.0; 3];
    for pair in polygon.windows(2) {
        let [a, b] = [pair[0], pair[1]].map(|at| [at[0] - u, at[1] - v]);
        let area = 0.5 * (a[0] * b[1] - b[0] * a[1]);
        sums[0] += area;
        sums[1] += area * (a[0] + b[0]) / 3.0;
        sums[2] += area * (a[1] + b[1]) / 3.0;
    }
    [sums[0], sums[1] + sums[0] * u, sums[2] + sums[0] * v]
}
