//! Photo -> the pixels of the tone map: the one resampling between the two.
//!
//! Where the photo's own pixels are the map's, they are taken as they are. Any other unturned photo is
//! filtered straight onto the map's pixels, with a crop box in fractions of photo pixels, so that nothing
//! is interpolated twice. A turned one is first reduced to the map's scale and then read by Catmull-Rom
//! interpolation. Light is multiplied by the matte before filtering, so that what is transparent lends no
//! colour to its neighbours.
//!
//! Catmull-Rom both ways: tried against Lanczos-3 it rings half as far at the edges of a white
//! shirt and is a third faster; a map pixel is a third of what an eye resolves, so that the last
//! bit of sharpness does not show.

use std::borrow::Cow;
use std::ops::Range;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use nalgebra::Matrix3;
use rayon::prelude::*;

use crate::grid::{Frame, Grid};
use crate::placement::Placement;

/// Rows of the result that are made together: fewer, and more is filtered twice at their borders.
const STRIP_PX: usize = 128;

/// Light and cover at the pixels of the tone map, both 0 to 1.
pub(super) struct Reduced<'a> {
    /// Luminance times cover.
    pub(super) light: Plane<'a>,
    /// The matte's opacity times the share of the pixel that the photo covers.
    pub(super) cover: Cover,
}

/// Values at the pixels of the map.
#[derive(Debug)]
pub(super) enum Plane<'a> {
    /// Those of a photo whose pixels are the map's, 0 outside of it.
    Own {
        photo: &'a Grid<f32>,
        /// The photo's pixel at the first column and row of the map.
        first: [isize; 2],
        size: (usize, usize),
    },
    /// Any other.
    Pixels(Grid<f32>),
}

impl Plane<'_> {
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Own { size, .. } => size.0,
            Self::Pixels(grid) => grid.width(),
        }
    }

    pub(super) fn height(&self) -> usize {
        match self {
            Self::Own { size, .. } => size.1,
            Self::Pixels(grid) => grid.height(),
        }
    }

    /// The values of one row.
    pub(super) fn row(&self, row: usize) -> Cow<'_, [f32]> {
        let (photo, [left, top], width) = match self {
            Self::Pixels(grid) => return Cow::Borrowed(grid.row(row)),
            Self::Own { photo, first, size } => (photo, *first, size.0),
        };
        let Some(row) = row
            .checked_add_signed(top)
            .filter(|&row| row < photo.height())
        else {
            return Cow::Owned(vec![0.0; width]);
        };
        let values = photo.row(row);
        // The map's columns that lie on the photo, here and there.
        let end = values
            .len()
            .min(left.saturating_add_unsigned(width).max(0) as usize);
        let start = (left.max(0) as usize).min(end);
        if end - start == width {
            return Cow::Borrowed(&values[start..end]);
        }
        let mut padded = vec![0.0; width];
        let before = left.min(0).unsigned_abs().min(width);
        padded[before..][..end - start].copy_from_slice(&values[start..end]);
        Cow::Owned(padded)
    }
}

/// How much of the picture there is in each pixel of the map, 0 to 1.
#[derive(Clone, Debug)]
pub(super) enum Cover {
    /// A product of a share for each column and one for each row: an unturned photo without a matte.
    Sides(Vec<f32>, Vec<f32>),
    /// Any other.
    Pixels(Grid<f32>),
}

impl Cover {
    /// The values of one row.
    pub(super) fn row(&self, row: usize) -> Cow<'_, [f32]> {
        match self {
            Self::Sides(columns, rows) if rows[row] == 1.0 => Cow::Borrowed(columns),
            Self::Sides(columns, rows) => columns.iter().map(|share| share * rows[row]).collect(),
            Self::Pixels(grid) => Cow::Borrowed(grid.row(row)),
        }
    }
}

/// Brings a photo and its matte, of equal size, to the pixels of a frame.
pub(super) fn reduce<'a>(
    luminance: &'a Grid<f32>,
    matte: Option<&Grid<f32>>,
    placement: &Placement,
    frame: &Frame,
    (width, height): (usize, usize),
) -> Reduced<'a> {
    let scale = 1.0 / frame.mm_per_px;
    let (left, top) = (-frame.x_min_mm * scale, frame.y_max_mm * scale);
    let map_of_mm = Matrix3::new(scale, 0.0, left, 0.0, -scale, top, 0.0, 0.0, 1.0);
    let map_of_photo = map_of_mm * placement.photo_to_blank.matrix();
    let photo = (luminance.width(), luminance.height());
    if let Some(aligned) = Aligned::find(&map_of_photo, photo, (width, height)) {
        aligned.reduce(luminance, matte)
    } else {
        let turned = Turned::new(&map_of_photo, photo);
        turned.reduce(luminance, matte, (width, height))
    }
}

/// One axis of an unturned photo on the map.
struct Axis {
    /// The photo's pixel at the first of the map, where its pixels are the map's.
    own: Option<isize>,
    /// The first map pixel that lies wholly in the photo, and the one after the last.
    inner: (usize, usize),
    /// Where those begin and end in the photo, px.
    photo_px: (f64, f64),
    /// Share of each map pixel that the photo covers.
    covered: Vec<f32>,
}

/// Map pixels: what arithmetic may lose at the border of a photo that fits exactly.
const SLACK_PX: f64 = 1e-6;

impl Axis {
    /// The photo's `photo_len` pixels, `scale` map pixels each, begin at `start` on the map.
    fn find(start: f64, scale: f64, photo_len: usize, map_len: usize) -> Option<Self> {
        let (low, high) = (start, start + scale * photo_len as f64);
        let clamp = |pixel: f64| pixel.clamp(0.0, map_len as f64) as usize;
        let inner = (
            clamp((low - SLACK_PX).ceil()),
            clamp((high + SLACK_PX).floor()),
        );
        let to_photo = |pixel: usize| ((pixel as f64 - start) / scale).clamp(0.0, photo_len as f64);
        let photo_px = (to_photo(inner.0), to_photo(inner.1));
        let covered = (0..map_len).map(|pixel| {
            let pixel = pixel as f64;
            let share = high.min(pixel + 1.0) - low.max(pixel);
            (if share > 1.0 - SLACK_PX {
                1.0
            } else {
                share.max(0.0)
            }) as f32
        });
        let first = -start.round();
        let own = (first + start).abs() <= SLACK_PX
            && (scale - 1.0).abs() * (photo_len.max(map_len) as f64) <= SLACK_PX;
        (inner.0 < inner.1 && photo_px.0 < photo_px.1).then(|| Self {
            own: own.then_some(first as isize),
            inner,
            photo_px,
            covered: covered.collect(),
        })
    }

    fn inner_len(&self) -> usize {
        self.inner.1 - self.inner.0
    }

    /// The wholly covered pixel nearest to `pixel`, counted from the first of them.
    fn nearest_inner(&self, pixel: usize) -> usize {
        pixel.clamp(self.inner.0, self.inner.1 - 1) - self.inner.0
    }
}

/// An unturned photo on the map.
struct Aligned {
    columns: Axis,
    rows: Axis,
}

impl Aligned {
    fn find(
        map_of_photo: &Matrix3<f64>,
        photo: (usize, usize),
        map: (usize, usize),
    ) -> Option<Self> {
        let m = map_of_photo;
        let unturned = m[(0, 1)] == 0.0 && m[(1, 0)] == 0.0 && m[(0, 0)] > 0.0 && m[(1, 1)] > 0.0;
        if !unturned {
            return None;
        }
        let columns = Axis::find(m[(0, 2)], m[(0, 0)], photo.0, map.0)?;
        let rows = Axis::find(m[(1, 2)], m[(1, 1)], photo.1, map.1)?;
        Some(Self { columns, rows })
    }

    fn reduce<'a>(&self, luminance: &'a Grid<f32>, matte: Option<&Grid<f32>>) -> Reduced<'a> {
        let Some(matte) = matte else {
            let (columns, rows) = (&self.columns, &self.rows);
            let own = columns.own.zip(rows.own).map(|(left, top)| Plane::Own {
                photo: luminance,
                first: [left, top],
                size: (columns.covered.len(), rows.covered.len()),
            });
            return Reduced {
                light: own.unwrap_or_else(|| Plane::Pixels(self.resize(luminance))),
                cover: self.cover(),
            };
        };
        Reduced {
            light: Plane::Pixels(self.resize(&multiplied(luminance, matte))),
            cover: Cover::Pixels(self.resize(matte)),
        }
    }

    /// The wholly covered pixels, their border continued into those that are partly covered, each times
    /// its cover.
    fn resize(&self, plane: &Grid<f32>) -> Grid<f32> {
        let (columns, rows) = (&self.columns, &self.rows);
        let (left, right) = columns.photo_px;
        let (top, bottom) = rows.photo_px;
        let reduction = Reduction {
            plane,
            part: [left, top, right - left, bottom - top],
            size: (columns.inner_len(), rows.inner_len()),
        };
        let (width, height) = (columns.covered.len(), rows.covered.len());
        let whole = (width, height) == reduction.size;
        let cover = self.cover();
        let mut grid = Grid::filled(width, height, 0.0);
        in_strips(&mut grid, |own, values| {
            if whole {
                reduction.rows(own, values);
                return;
            }
            let first = rows.nearest_inner(own.start);
            let inner = first..rows.nearest_inner(own.end - 1) + 1;
            let inner_width = columns.inner_len();
            let mut strip = vec![0.0; inner.len() * inner_width];
            reduction.rows(inner, &mut strip);
            for (row, values) in own.zip(values.chunks_exact_mut(width)) {
                let place = (rows.nearest_inner(row) - first) * inner_width;
                let inner = &strip[place..place + inner_width];
                let (first, end) = columns.inner;
                values[..first].fill(inner[0]);
                values[first..end].copy_from_slice(inner);
                values[end..].fill(inner[inner_width - 1]);
                for (value, cover) in values.iter_mut().zip(&*cover.row(row)) {
                    *value *= cover;
                }
            }
        });
        grid
    }

    /// Share of each map pixel that the photo covers.
    fn cover(&self) -> Cover {
        Cover::Sides(self.columns.covered.clone(), self.rows.covered.clone())
    }
}

/// A turned photo, or one of which not a single map pixel is wholly covered.
struct Turned {
    /// Map pixels -> photo pixels.
    photo_of_map: Matrix3<f64>,
    /// Map pixels per photo pixel.
    scale: f64,
    /// The photo's size, px.
    photo: (usize, usize),
    /// The photo's size after reduction, px.
    reduced: (usize, usize),
}

impl Turned {
    fn new(map_of_photo: &Matrix3<f64>, photo: (usize, usize)) -> Self {
        let scale = map_of_photo
            .fixed_view::<2, 2>(0, 0)
            .determinant()
            .abs()
            .sqrt();
        let reduced = |length: usize| ((length as f64 * scale.min(1.0)).round() as usize).max(1);
        Self {
            // A placement's zoom is not 0 and the photo has pixels: the inverse exists.
            photo_of_map: map_of_photo.try_inverse().unwrap_or_else(Matrix3::zeros),
            scale,
            photo,
            reduced: (reduced(photo.0), reduced(photo.1)),
        }
    }

    fn reduce(
        &self,
        luminance: &Grid<f32>,
        matte: Option<&Grid<f32>>,
        map: (usize, usize),
    ) -> Reduced<'static> {
        let Some(matte) = matte else {
            return Reduced {
                light: Plane::Pixels(self.read(Some(&self.resize(luminance)), map)),
                cover: Cover::Pixels(self.read(None, map)),
            };
        };
        let light = self.resize(&multiplied(luminance, matte));
        Reduced {
            light: Plane::Pixels(self.read(Some(&light), map)),
            cover: Cover::Pixels(self.read(Some(&self.resize(matte)), map)),
        }
    }

    fn resize(&self, plane: &Grid<f32>) -> Grid<f32> {
        let reduction = Reduction {
            plane,
            part: [0.0, 0.0, self.photo.0 as f64, self.photo.1 as f64],
            size: self.reduced,
        };
        let mut grid = Grid::filled(self.reduced.0, self.reduced.1, 0.0);
        in_strips(&mut grid, |rows, values| reduction.rows(rows, values));
        grid
    }

    /// The plane at the map's pixels, times the share of each that the photo covers; no plane: 1.
    fn read(&self, plane: Option<&Grid<f32>>, (width, height): (usize, usize)) -> Grid<f32> {
        let m = &self.photo_of_map;
        let (across, down) = (
            self.reduced.0 as f64 / self.photo.0 as f64,
            self.reduced.1 as f64 / self.photo.1 as f64,
        );
        Grid::from_fn(width, height, |column, row| {
            let (u, v) = (column as f64 + 0.5, row as f64 + 0.5);
            let x = m[(0, 0)] * u + m[(0, 1)] * v + m[(0, 2)];
            let y = m[(1, 0)] * u + m[(1, 1)] * v + m[(1, 2)];
            let covered = self.overlap(x, self.photo.0) * self.overlap(y, self.photo.1);
            match plane {
                _ if covered <= 0.0 => 0.0,
                Some(plane) => covered * catmull_rom(plane, x * across, y * down),
                None => covered,
            }
        })
    }

    /// Share of a map pixel about the photo coordinate `at` that lies on the photo, on one axis.
    fn overlap(&self, at: f64, photo_len: usize) -> f32 {
        let (centre, high) = (at * self.scale, photo_len as f64 * self.scale);
        let share = high.min(centre + 0.5) - (centre - 0.5).max(0.0);
        share.clamp(0.0, 1.0) as f32
    }
}

/// Light times matte.
fn multiplied(luminance: &Grid<f32>, matte: &Grid<f32>) -> Grid<f32> {
    let width = luminance.width();
    let (light, matte) = (luminance.values(), matte.values());
    Grid::from_fn(width, luminance.height(), |column, row| {
        let index = row * width + column;
        light[index] * matte[index]
    })
}

/// Calls `fill` for strips of rows, in parallel: what is in between stays in the cache.
fn in_strips(grid: &mut Grid<f32>, fill: impl Fn(Range<usize>, &mut [f32]) + Sync + Send) {
    let width = grid.width();
    let strips = grid.values_mut().par_chunks_mut(width * STRIP_PX);
    strips.enumerate().for_each(|(strip, values)| {
        let first = strip * STRIP_PX;
        fill(first..first + values.len() / width, values);
    });
}

/// The part `[left, top, width, height]` of a plane, to be filtered to a new size; values stay in 0 to 1.
struct Reduction<'a> {
    plane: &'a Grid<f32>,
    part: [f64; 4],
    size: (usize, usize),
}

impl Reduction<'_> {
    /// Makes some of the rows.
    fn rows(&self, rows: Range<usize>, values: &mut [f32]) {
        const FITS: &str = "a grid has its rows' length, sides below 2^32 and the part inside";
        let side = |length: usize| u32::try_from(length).expect(FITS);
        // Typed images: through untyped ones this one call would compile the filters of all fifteen
        // pixel types, which took three minutes.
        let (from_width, from_height) = (self.plane.width(), self.plane.height());
        let bytes = bytemuck::cast_slice(self.plane.values());
        let from = TypedImageRef::<F32>::from_buffer(side(from_width), side(from_height), bytes);
        let [left, top, width, height] = self.part;
        let down = |rows: usize| height * rows as f64 / self.size.1 as f64;
        let above = top + down(rows.start);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
            .crop(
                left,
                above,
                within(left, width, from_width),
                within(above, down(rows.len()), from_height),
            );
        let (to_width, to_height) = (side(self.size.0), side(rows.len()));
        let bytes = bytemuck::cast_slice_mut(values);
        let mut to = TypedImage::<F32>::from_buffer(to_width, to_height, bytes).expect(FITS);
        Resizer::new()
            .resize_typed(&from.expect(FITS), &mut to, &options)
            .expect(FITS);
        for value in values {
            *value = value.clamp(0.0, 1.0);
        }
    }
}

/// The largest length up to `length` with which a part that begins at `start` ends inside.
fn within(start: f64, mut length: f64, limit: usize) -> f64 {
    while start + length > limit as f64 {
        length = length.next_down().min(limit as f64 - start);
    }
    length
}

/// The value at (`u`, `v`) in pixels, pixel centres at whole numbers plus one half, by Catmull-Rom
/// interpolation; 0 to 1; outside, the border goes on.
fn catmull_rom(plane: &Grid<f32>, u: f64, v: f64) -> f32 {
    let (columns, across) = taps(u, plane.width());
    let (rows, down) = taps(v, plane.height());
    let mut sum = 0.0;
    for (row, weight) in rows.into_iter().zip(down) {
        let values = plane.row(row);
        let mut line = 0.0;
        for (&column, across) in columns.iter().zip(across) {
            line += across * values[column];
        }
        sum += weight * line;
    }
    sum.clamp(0.0, 1.0)
}

/// The four pixels about a coordinate on one axis, and their weights.
fn taps(at: f64, length: usize) -> ([usize; 4], [f32; 4]) {
    let at = (at - 0.5).clamp(-1.0, length as f64);
    let first = at.floor();
    let t = (at - first) as f32;
    let pixel = |offset: f64| (first + offset).clamp(0.0, (length - 1) as f64) as usize;
    let weights = [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ];
    ([pixel(-1.0), pixel(0.0), pixel(1.0), pixel(2.0)], weights)
}
