//! What the values of a depth map mean, and from there to nearness.

use super::file::Stored;
use crate::grid::Grid;
use crate::settings::{DepthKind, DepthSettings, Near};

/// Farthest distance that a map of disparities tells apart, in multiples of its nearest. Disparity
/// 0 is infinitely far, and a background there would take the whole relief for itself.
const FARTHEST: f32 = 20.0;

impl DepthKind {
    /// Which end of such a map is near.
    pub(super) fn near(self) -> Near {
        match self {
            Self::Nearness | Self::Disparity => Near::Bright,
            Self::Distance => Near::Dark,
        }
    }

    /// The word for a report.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Nearness => "nearness",
            Self::Disparity => "disparity",
            Self::Distance => "distance",
        }
    }
}

/// The kind of a map: what the user says, else what the file says, else nearness.
pub(super) fn kind_of(stored: &Stored, settings: &DepthSettings) -> DepthKind {
    said(settings)
        .or(stored.kind)
        .unwrap_or(DepthKind::Nearness)
}

/// The kind that the user says.
pub(super) fn said(settings: &DepthSettings) -> Option<DepthKind> {
    let by_near = settings.near.map(|near| match near {
        Near::Bright => DepthKind::Nearness,
        Near::Dark => DepthKind::Distance,
    });
    settings.kind.or(by_near)
}

/// Nearness of stored values; larger is nearer, NaN stays. Of distances and disparities, planes of
/// the world stay planes.
pub(super) fn nearness(values: Grid<f32>, kind: DepthKind) -> Grid<f32> {
    match kind {
        DepthKind::Nearness => values,
        DepthKind::Distance => values.map(|distance| -distance),
        DepthKind::Disparity => {
            let largest = values.values().iter().copied().fold(0.0, f32::max);
            if largest <= 0.0 {
                // Nothing but infinitely far: flat.
                return values.map(|value| value * 0.0);
            }
            // In units of the nearest distance: no overflow, whatever the values.
            values.map(|value| match value / largest {
                share if share.is_nan() => f32::NAN,
                share => -share.max(1.0 / FARTHEST).recip(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_stored_as_disparity_is_a_plane_again() {
        // Distances 1, 1.25, 1.5 ... of a plane seen aslant.
        let distances: Vec<f32> = (0..9).map(|i| 1.0 + 0.25 * i as f32).collect();
        let stored = distances.iter().map(|d| 700.0 / d).collect();
        let map = nearness(
            Grid::from_values(9, 1, stored).unwrap(),
            DepthKind::Disparity,
        );
        for (near, distance) in map.values().iter().zip(distances) {
            assert!((near + distance).abs() < 1e-5, "{near} for {distance}");
        }
    }

    #[test]
    fn odd_disparities_give_numbers_and_holes_stay() {
        let odd = vec![0.0, -3.0, f32::NAN, 1e38, 1e-38, 5.0];
        let map = nearness(Grid::from_values(6, 1, odd).unwrap(), DepthKind::Disparity);
        for (index, value) in map.values().iter().enumerate() {
            assert_eq!(value.is_nan(), index == 2, "{index}");
            assert!(!value.is_infinite());
        }
        let none = nearness(Grid::filled(4, 4, -1.0), DepthKind::Disparity);
        assert!(none.values().iter().all(|&value| value == 0.0));
    }

    #[test]
    fn the_users_word_counts_before_the_files() {
        let stored = |kind| Stored {
            values: Grid::filled(1, 1, 0.0),
            sample: super::super::file::Sample::Float,
            kind,
        };
        let settings = |kind, near| DepthSettings {
            kind,
            near,
            ..DepthSettings::default()
        };
        let (distance, nearness) = (Some(DepthKind::Distance), Some(DepthKind::Nearness));
        let ask = |said, kind, near| kind_of(&stored(said), &settings(kind, near));
        assert_eq!(ask(None, None, None), DepthKind::Nearness);
        assert_eq!(ask(distance, None, None), DepthKind::Distance);
        assert_eq!(ask(distance, nearness, None), DepthKind::Nearness);
        assert_eq!(ask(distance, None, Some(Near::Bright)), DepthKind::Nearness);
        assert_eq!(ask(None, None, Some(Near::Dark)), DepthKind::Distance);
    }
}
