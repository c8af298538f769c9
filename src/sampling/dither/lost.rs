//! Lost: points that dither cannot carry on, made up for close by.

use super::{Found, LAST_ONES, Row, Squares};

/// Columns of squares whose strips make up together for what they could not pass on: a millimetre or so.
const BLOCK_SQUARES: usize = 8;

/// They turn on candidates up to this multiple of the wish; what is still missing is given up.
const MADE_UP_TO: f32 = 1.1;

/// What the squares of a strip could not pass on: into black, beyond the strip, or since it was too much.
///
/// Picture by picture it is most often a lack, up to some thousandths of all points, along the ends of what is
/// lit. Blocks of squares make up for it with their own candidates.
#[derive(Debug)]
pub(super) struct Lost {
    /// The first place of each block but the first.
    edges: Vec<i32>,
    /// Points that each block lacks.
    blocks: Vec<f32>,
}

impl Lost {
    pub(super) fn new(squares: &Squares<'_>) -> Self {
        let blocks = squares.columns.len().div_ceil(BLOCK_SQUARES);
        let first_of = |block: usize| squares.first_column + (block * BLOCK_SQUARES) as i32;
        let edge = |block: usize| squares.sites.first_place(first_of(block));
        Self {
            edges: (1..blocks).map(edge).collect(),
            blocks: vec![0.0; blocks],
        }
    }

    pub(super) fn add(&mut self, place: usize, points: f32) {
        self.blocks[place / BLOCK_SQUARES] += points;
    }

    /// The block that a candidate stands in.
    fn block_of(&self, found: &Found) -> usize {
        self.edges.partition_point(|&edge| edge <= found.dot.x)
    }

    /// Turns the next ones of each block on, or its last ones off; what is left of a point goes to the
    /// block beside.
    pub(super) fn make_up(&self, strip: &mut [Row]) {
        let mut next = vec![Vec::new(); self.blocks.len()];
        let mut last = next.clone();
        for row in strip.iter() {
            for found in row.next.iter().filter(|next| next.multiple < MADE_UP_TO) {
                next[self.block_of(found)].push(found.key());
            }
            for found in row.on.iter().filter(|on| on.multiple >= LAST_ONES) {
                last[self.block_of(found)].push(found.key());
            }
        }
        let mut beside = 0.0;
        // The last one that comes on and the first one that goes off in each block.
        let mut ends = Vec::with_capacity(self.blocks.len());
        for ((lost, next), last) in self.blocks.iter().zip(&mut next).zip(&mut last) {
            let lacking = lost + beside;
            let on = (lacking.round().max(0.0) as usize).min(next.len());
            let off = ((-lacking).round().max(0.0) as usize).min(last.len());
            let last_on = (on > 0).then(|| *next.select_nth_unstable(on - 1).1);
            let first_off = (off > 0).then(|| {
                let kept = last.len() - off;
                *last.select_nth_unstable(kept).1
            });
            ends.push((last_on, first_off));
            beside = (lacking - on as f32 + off as f32).clamp(-1.0, 1.0);
        }
        for row in strip {
            let comes_on = |found: &Found| {
                let (last_on, _) = ends[self.block_of(found)];
                last_on.is_some_and(|last_on| found.key() <= last_on)
            };
            let stays_on = |found: &Found| {
                found.multiple < LAST_ONES || {
                    let (_, first_off) = ends[self.block_of(found)];
                    first_off.is_none_or(|first_off| found.key() < first_off)
                }
            };
            row.on.retain(stays_on);
            row.on
                .extend(row.next.extract_if(.., |found| comes_on(found)));
        }
    }
}
