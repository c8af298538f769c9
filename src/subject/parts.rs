//! Connected parts of a mask: crumbs are dropped, pinholes filled.

use crate::grid::Grid;

/// A part smaller than this share of the largest one is a crumb: the second person of a couple is
/// a third at least.
const CRUMB: f64 = 0.12;

/// A hole smaller than this share of the picture is filled: eyes and buttons, not the gap between
/// an arm and the body, or the legs of a tripod.
const PINHOLE: f64 = 0.006;

/// Drops crumbs and fills pinholes.
pub(super) fn tidy(mask: &Grid<bool>) -> Grid<bool> {
    let parts = Parts::of(mask);
    let largest = parts.largest(true);
    let all = mask.values().len() as f64;
    Grid::from_fn(mask.width(), mask.height(), |column, row| {
        let label = parts.labels.at(column, row) as usize;
        let Part {
            inside,
            pixels,
            at_border,
        } = parts.parts[label];
        if inside {
            f64::from(pixels) >= CRUMB * f64::from(largest)
        } else {
            !at_border && f64::from(pixels) < PINHOLE * all
        }
    })
}

#[derive(Clone, Copy)]
struct Part {
    inside: bool,
    pixels: u32,
    at_border: bool,
}

struct Parts {
    labels: Grid<u32>,
    parts: Vec<Part>,
}

impl Parts {
    /// Parts of equal value whose pixels touch by their sides.
    fn of(mask: &Grid<bool>) -> Self {
        let (width, height) = (mask.width(), mask.height());
        let mut labels = Grid::filled(width, height, u32::MAX);
        let mut parts = Vec::new();
        let mut stack = Vec::new();
        for start in 0..width * height {
            if labels.values()[start] != u32::MAX {
                continue;
            }
            let label = parts.len() as u32;
            let inside = mask.values()[start];
            let mut part = Part {
                inside,
                pixels: 0,
                at_border: false,
            };
            labels.values_mut()[start] = label;
            stack.push(start);
            while let Some(at) = stack.pop() {
                let (column, row) = (at % width, at / width);
                part.pixels += 1;
                part.at_border |=
                    column == 0 || row == 0 || column + 1 == width || row + 1 == height;
                let mut visit = |other: usize| {
                    if labels.values()[other] == u32::MAX && mask.values()[other] == inside {
                        labels.values_mut()[other] = label;
                        stack.push(other);
                    }
                };
                if column > 0 {
                    visit(at - 1);
                }
                if column + 1 < width {
                    visit(at + 1);
                }
                if row > 0 {
                    visit(at - width);
                }
                if row + 1 < height {
                    visit(at + width);
                }
            }
            parts.push(part);
        }
        Self { labels, parts }
    }

    fn largest(&self, inside: bool) -> u32 {
        let sizes = self.parts.iter().filter(|part| part.inside == inside);
        sizes.map(|part| part.pixels).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(art: &[&str]) -> Grid<bool> {
        let values = art.iter().flat_map(|row| row.bytes().map(|b| b == b'#'));
        Grid::from_values(art[0].len(), art.len(), values.collect()).unwrap()
    }

    #[test]
    fn crumbs_go_and_pinholes_are_filled() {
        let mut big = Grid::filled(60, 60, false);
        for row in 10..50 {
            for column in 10..50 {
                big.set(column, row, true);
            }
        }
        big.set(30, 30, false);
        big.set(2, 2, true);
        let tidied = tidy(&big);
        assert!(tidied.at(30, 30) && !tidied.at(2, 2) && tidied.at(10, 10));
    }

    #[test]
    fn gaps_and_second_subjects_stay() {
        let couple = mask(&["##..#", "##..#", "##..#"]);
        assert_eq!(tidy(&couple), couple);
        let ring = mask(&["#####", "#...#", "#...#", "#####"]);
        assert_eq!(tidy(&ring), ring);
    }
}
