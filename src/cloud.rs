//! The cloud: all points of one etch file, as separate arrays of x, y and z in millimetres.

use rayon::prelude::*;

/// The points to be etched, in the order in which they are etched.
///
/// # Guarantees
///
/// - The three arrays have the same length, and point `i` is (`x_mm[i]`, `y_mm[i]`, `z_mm[i]`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud {
    x_mm: Vec<f32>,
    y_mm: Vec<f32>,
    z_mm: Vec<f32>,
}

impl Cloud {
    /// A cloud from its coordinates; `None` unless they are equally many.
    #[must_use]
    pub fn from_arrays(x_mm: Vec<f32>, y_mm: Vec<f32>, z_mm: Vec<f32>) -> Option<Self> {
        (x_mm.len() == y_mm.len() && y_mm.len() == z_mm.len()).then_some(Self { x_mm, y_mm, z_mm })
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x_mm.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x_mm.is_empty()
    }

    /// Coordinates to the right, mm.
    #[must_use]
    pub fn x_mm(&self) -> &[f32] {
        &self.x_mm
    }

    /// Coordinates upward, mm.
    #[must_use]
    pub fn y_mm(&self) -> &[f32] {
        &self.y_mm
    }

    /// Coordinates toward the viewer, mm.
    #[must_use]
    pub fn z_mm(&self) -> &[f32] {
        &self.z_mm
    }

    /// Adds a point at the end.
    pub fn push(&mut self, [x, y, z]: [f32; 3]) {
        self.x_mm.push(x);
        self.y_mm.push(y);
        self.z_mm.push(z);
    }

    /// The point at `index`.
    #[must_use]
    pub fn point(&self, index: usize) -> [f32; 3] {
        [self.x_mm[index], self.y_mm[index], self.z_mm[index]]
    }

    /// All points in order.
    pub fn points(&self) -> impl ExactSizeIterator<Item = [f32; 3]> + '_ {
        (0..self.len()).map(|index| self.point(index))
    }

    /// The least and the largest corner of the box around all points; `None` without points.
    #[must_use]
    pub fn bounds(&self) -> Option<([f32; 3], [f32; 3])> {
        if self.is_empty() {
            return None;
        }
        let [x, y, z] = [&self.x_mm, &self.y_mm, &self.z_mm].map(|values| extent(values));
        Some(([x[0], y[0], z[0]], [x[1], y[1], z[1]]))
    }

    /// The same points in the order of `permutation`: the new point `i` is the old `permutation[i]`.
    ///
    /// # Panics
    ///
    /// If an index is not below `len()`.
    #[must_use]
    pub fn permuted(&self, permutation: &[u32]) -> Self {
        let pick = |values: &[f32]| {
            permutation
                .par_iter()
                .map(|&i| values[i as usize])
                .collect()
        };
        Self {
            x_mm: pick(&self.x_mm),
            y_mm: pick(&self.y_mm),
            z_mm: pick(&self.z_mm),
        }
    }
}

/// The least and the largest of the values that are numbers; infinite both, the least above the largest, where none is.
pub(crate) fn extent(values: &[f32]) -> [f32; 2] {
    // As many side by side as make vector instructions.
    const LANES: usize = 16;
    const NONE: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];
    let wider = |[low, high]: [f32; 2], [least, most]: [f32; 2]| {
        [
            if least < low { least } else { low },
            if most > high { most } else { high },
        ]
    };
    let of_chunk = |chunk: &[f32]| {
        let mut lanes = [NONE; LANES];
        let (blocks, rest) = chunk.as_chunks::<LANES>();
        for block in blocks {
            for (lane, &value) in lanes.iter_mut().zip(block) {
                *lane = wider(*lane, [value; 2]);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane = wider(*lane, [value; 2]);
        }
        lanes.into_iter().fold(NONE, wider)
    };
    let chunks = values.par_chunks(1 << 14).map(of_chunk);
    chunks.reduce(|| NONE, wider)
}

/// The number that a coordinate stands for: the multiple of 0.0001 that it is the nearest `f32` to,
/// or else itself. Adding to that keeps points that stand on a file's grid there.
pub(crate) fn decimal(value: f32) -> f64 {
    const STEPS: f64 = 10_000.0;
    let near = (f64::from(value) * STEPS).round() / STEPS;
    if near as f32 == value {
        near
    } else {
        f64::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_follow_the_permutation() {
        let mut cloud = Cloud::default();
        for i in 0..3 {
            cloud.push([i as f32, 10.0 + i as f32, -(i as f32)]);
        }
        let turned = cloud.permuted(&[2, 0, 1]);
        assert_eq!(turned.point(0), [2.0, 12.0, -2.0]);
        assert_eq!(turned.bounds(), cloud.bounds());
    }

    #[test]
    fn unequal_arrays_are_refused() {
        assert!(Cloud::from_arrays(vec![0.0], vec![], vec![0.0]).is_none());
    }
}
