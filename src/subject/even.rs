//! A background of one even colour: a studio's wall, or black or white on which somebody laid a cut-out
//! by hand. What is of that colour and reaches the border is background, all else is subject, and how
//! clearly the outline stands out tells how sure that is.

use crate::grid::Grid;
use crate::subject::parts::tidy;
use crate::subject::segment::{Cut, squared};
use crate::subject::sure::SURE_FROM;

/// Colours this near to the background's are the background: the noise of a JPEG, the fall of light on a
/// wall of paper.
const EVEN: f32 = 0.05;

/// Lightness below which all is black: about 11 of 255, where colours are noise.
const BLACK: f32 = 0.15;

/// How far down the sides the border must be background, share of the height: portraits stand on
/// the bottom.
const SIDES: f32 = 0.5;

/// Share of that border that must be: a hair or a speck may cross it.
const MOST: f32 = 0.97;

/// Share of the picture that a subject has, at least and at most.
const AREA: (f32, f32) = (0.02, 0.9);

/// A subject before an even background.
pub(super) struct Even {
    pub(super) cut: Cut,
    /// How sure, 0 to 1: the square of the share of the outline inside of which colours are clearly
    /// other than the background's.
    pub(super) confidence: f32,
}

impl Even {
    pub(super) fn is_sure(&self) -> bool {
        self.confidence >= SURE_FROM
    }
}

/// Finds the subject before an even background; `None` where the border is not even or nothing is
/// before it.
pub(super) fn even(colors: &Grid<[f32; 3]>) -> Option<Even> {
    let (width, height) = (colors.width(), colors.height());
    let colors = colors.map(|color| {
        if color[0] < BLACK {
            [BLACK, 0.0, 0.0]
        } else {
            color
        }
    });
    let sides = 0..(SIDES * height as f32) as usize;
    let beside = sides.flat_map(|row| [(0, row), (width - 1, row)]);
    let border: Vec<[f32; 3]> = (0..width)
        .map(|column| (column, 0))
        .chain(beside)
        .map(|(column, row)| colors.at(column, row))
        .collect();
    let background: [f32; 3] = std::array::from_fn(|channel| {
        let mut values: Vec<f32> = border.iter().map(|color| color[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    });
    let off = |color: &[f32; 3]| squared(color, &background).sqrt();
    let alike = border.iter().filter(|color| off(color) < EVEN).count();
    if (alike as f32) < MOST * border.len() as f32 {
        return None;
    }
    let distance = colors.map(|color| off(&color));
    let mask = tidy(&unreached(&distance));
    let inside = mask.values().iter().filter(|&&inside| inside).count();
    if !(AREA.0..=AREA.1).contains(&(inside as f32 / mask.values().len() as f32)) {
        return None;
    }
    let clear = clear_share(&distance, &mask);
    Some(Even {
        cut: Cut {
            mask,
            odds: distance.map(|distance| distance - EVEN),
        },
        confidence: clear * clear,
    })
}

/// What no way of background reaches from the border.
fn unreached(distance: &Grid<f32>) -> Grid<bool> {
    let (width, height) = (distance.width(), distance.height());
    let mut mask = Grid::filled(width, height, true);
    let rows = (0..height).flat_map(|row| [(0, row), (width - 1, row)]);
    let columns = (0..width).flat_map(|column| [(column, 0), (column, height - 1)]);
    let mut stack: Vec<(usize, usize)> = rows.chain(columns).collect();
    while let Some((column, row)) = stack.pop() {
        if !mask.at(column, row) || distance.at(column, row) >= EVEN {
            continue;
        }
        mask.set(column, row, false);
        if column > 0 {
            stack.push((column - 1, row));
        }
        if row > 0 {
            stack.push((column, row - 1));
        }
        if column + 1 < width {
            stack.push((column + 1, row));
        }
        if row + 1 < height {
            stack.push((column, row + 1));
        }
    }
    mask
}

/// Share of the outline two pixels inside of which the colour is clearly not the background's.
fn clear_share(distance: &Grid<f32>, mask: &Grid<bool>) -> f32 {
    let (width, height) = (mask.width(), mask.height());
    let (mut clear, mut all) = (0_u32, 0_u32);
    let mut judge = |inner: [usize; 2], step: [isize; 2]| {
        let deeper = [
            inner[0].saturating_add_signed(step[0]).min(width - 1),
            inner[1].saturating_add_signed(step[1]).min(height - 1),
        ];
        let most = distance
            .at(inner[0], inner[1])
            .max(distance.at(deeper[0], deeper[1]));
        clear += u32::from(most > 2.0 * EVEN);
        all += 1;
    };
    for row in 0..height {
        for column in 0..width {
            for [right, down] in [[1, 0], [0, 1]] {
                let there = [column + right, row + down];
                if there[0] >= width || there[1] >= height {
                    continue;
                }
                let [right, down] = [right as isize, down as isize];
                match (mask.at(column, row), mask.at(there[0], there[1])) {
                    (true, false) => judge([column, row], [-right, -down]),
                    (false, true) => judge(there, [right, down]),
                    _ => {}
                }
            }
        }
    }
    clear as f32 / all.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    /// A disc of `inside` before a background, with noise of both signs.
    fn disc(
        background: f32,
        inside: impl Fn(f32) -> f32 + Sync + Send,
        noise: f32,
    ) -> Grid<[f32; 3]> {
        Grid::from_fn(120, 100, |column, row| {
            let off = (column as f32 - 60.0).hypot(row as f32 - 55.0) / 30.0;
            let key = (row * 120 + column) as u64;
            let noise = noise * (2.0 * random::unit(5, key) - 1.0);
            let light = if off < 1.0 { inside(off) } else { background };
            [light + noise, 0.0, 0.0]
        })
    }

    #[test]
    fn a_subject_before_any_even_background_is_found_and_sure() {
        for (background, inside) in [(0.0, 0.5), (0.08, 0.4), (1.0, 0.3), (0.55, 0.9)] {
            let found = even(&disc(background, |_| inside, 0.02)).unwrap();
            assert!(
                found.confidence > 0.95,
                "{background}: {}",
                found.confidence
            );
            let off =
                |column: usize, row: usize| (column as f32 - 60.0).hypot(row as f32 - 55.0) < 30.0;
            let mask = &found.cut.mask;
            let wrong = (0..100)
                .flat_map(|row| (0..120).map(move |column| (column, row)))
                .filter(|&(column, row)| mask.at(column, row) != off(column, row));
            assert_eq!(wrong.count(), 0);
        }
    }

    #[test]
    fn a_subject_that_fades_into_the_background_is_not_sure() {
        let found = even(&disc(0.5, |off| 0.5 + 0.4 * (1.0 - off), 0.0)).unwrap();
        assert!(found.confidence < 0.1, "{}", found.confidence);
    }

    #[test]
    fn other_backgrounds_are_left_to_others() {
        let shaded = Grid::from_fn(120, 100, |column, _| {
            [0.2 + 0.005 * column as f32, 0.0, 0.0]
        });
        assert!(even(&shaded).is_none());
        assert!(even(&disc(0.5, |_| 0.5, 0.02)).is_none());
        assert!(even(&disc(0.5, |_| 0.9, 0.2)).is_none());
    }
}
