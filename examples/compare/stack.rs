//! What a method has to show, and what methods share: random numbers, sites drawn by the tone, layers by chance.

use glyptic::Cloud;
use glyptic::grid::Grid;
use glyptic::tone::ToneMap;

/// A tone map, how dense its white is, and the layers to show it on.
pub(crate) struct Stack<'a> {
    pub(crate) tone: &'a ToneMap,
    /// Points per mm2 of all layers that full white stands for.
    pub(crate) density_per_mm2: f64,
    pub(crate) layers: u32,
    pub(crate) xy_mm: f64,
    pub(crate) pitch_mm: f64,
}

/// A generator of even quality for comparisons: the splitmix64 of Steele, Lea and Flood, 2014.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Stack<'_> {
    /// Points that a pixel wants.
    pub(crate) fn wish(&self, column: usize, row: usize) -> f64 {
        let px_mm2 = self.tone.frame.mm_per_px.powi(2);
        f64::from(self.tone.grid.at(column, row)) * self.density_per_mm2 * px_mm2
            / f64::from(ToneMap::FULL)
    }

    /// Points that each pixel wants.
    pub(crate) fn wishes(&self) -> Grid<f64> {
        let grid = &self.tone.grid;
        Grid::from_fn(grid.width(), grid.height(), |column, row| {
            self.wish(column, row)
        })
    }

    /// Sites drawn by the tone over the union of all layers, in pixels: as many as are wanted. Wishes add up along
    /// Hilbert's curve (as in L. Velho, J. Gomes, *Digital halftoning with space filling curves*, SIGGRAPH 1991), and a
    /// site stands in the pixel where the sum passes a whole number and a half. Any part of the picture then has
    /// about as many as it wants, and relaxation, which carries little far, starts from that.
    pub(crate) fn sites(&self, random: &mut Random) -> Vec<[f64; 2]> {
        let (width, height) = (self.tone.grid.width(), self.tone.grid.height());
        let side = width.max(height).next_power_of_two();
        let mut sites = Vec::new();
        let mut owed = 0.0;
        let inside = |&[column, row]: &[usize; 2]| column < width && row < height;
        for [column, row] in (0..side * side)
            .map(|index| on_curve(index, side))
            .filter(inside)
        {
            owed += self.wish(column, row);
            while owed >= 0.5 {
                owed -= 1.0;
                sites.push([column, row].map(|place| place as f64 + random.next()));
            }
        }
        sites
    }

    /// The cloud of points in pixels, each on a layer by chance, so that nothing keeps the spacing in space.
    pub(crate) fn scattered(
        &self,
        points: impl IntoIterator<Item = [f64; 2]>,
        random: &mut Random,
    ) -> Cloud {
        let mut cloud = Cloud::default();
        for [u, v] in points {
            let (x, y) = self.tone.frame.to_mm(u, v);
            let layer = (random.next() * f64::from(self.layers)) as u32;
            let z = -f64::from(layer) * self.pitch_mm;
            cloud.push([x as f32, y as f32, z as f32]);
        }
        cloud
    }
}

/// Column and row of a place on Hilbert's curve through a square, whose side is a power of two.
fn on_curve(index: usize, side: usize) -> [usize; 2] {
    let (mut column, mut row, mut rest, mut done) = (0, 0, index, 1);
    while done < side {
        let right = (rest / 2) % 2;
        let down = (rest % 2) ^ right;
        if down == 0 {
            if right == 1 {
                (column, row) = (done - 1 - column, done - 1 - row);
            }
            (column, row) = (row, column);
        }
        column += done * right;
        row += done * down;
        rest /= 4;
        done *= 2;
    }
    [column, row]
}
