//! Where in the crystal's depth a relief stands, and how deep it is.

use super::room::Room;
use crate::error::{Error, Result};
use crate::grid::{Frame, Grid};
use crate::units::Mm;

/// Part of the safe depth that stays free in front of and behind a relief of default depth:
/// what a shop that makes such pieces advises (domain notes, S8).
const HEAD_ROOM: f64 = 0.12;

/// Deepest default relief as a fraction of the safe width; deeper ones distort a face.
const MOST_DEPTH_OF_WIDTH: f64 = 1.0 / 3.0;

/// Where the front layer's nearest and farthest points stand, mm.
pub(super) struct Place {
    /// z of the nearest point.
    pub(super) near_mm: f32,
    /// z of the farthest point.
    pub(super) far_mm: f32,
    /// What the user should know.
    pub(super) warning: Option<String>,
}

impl Place {
    /// The middle of the room, as deep as asked, or as fits with head-room; `flat` has no depth.
    pub(super) fn choose(
        room: &Room,
        seen: &Grid<bool>,
        frame: Frame,
        layers_mm: f64,
        asked: Option<Mm>,
        flat: bool,
    ) -> Result<Self> {
        let high = f64::from(room.z_max_mm.median(seen));
        let low = f64::from(room.z_min_mm.median(seen));
        let most = high - low;
        if most < 0.0 {
            let needed = format!("with layers {layers_mm:.2} mm deep");
            let limit = format!("do not fit into {:.2} mm of safe depth", most + layers_mm);
            let remedy = "use fewer layers, a smaller margin or a thicker blank";
            return Err(Error::setting("--layers", &needed, limit, remedy));
        }
        let head_room = HEAD_ROOM * (most + layers_mm);
        let width_mm = seen.width() as f64 * frame.mm_per_px;
        let fits = (most - 2.0 * head_room).clamp(0.0, width_mm * MOST_DEPTH_OF_WIDTH);
        let relief = asked.map_or(fits, Mm::get);
        if asked.is_some() {
            check_relief(relief, most)?;
        }
        let left = 0.5 * (most - relief);
        let tight = asked.is_some() && !flat && left < head_room;
        let warning = tight.then(|| {
            format!(
                "a relief of {relief} mm leaves {left:.2} mm free in front and behind, \
                 {head_room:.2} mm are advised"
            )
        });
        let relief = if flat { 0.0 } else { relief };
        let middle = 0.5 * (high + low);
        Ok(Self {
            near_mm: (middle + 0.5 * relief) as f32,
            far_mm: (middle - 0.5 * relief) as f32,
            warning,
        })
    }
}

fn check_relief(relief_mm: f64, most_mm: f64) -> Result<()> {
    let value = format!("{relief_mm} mm");
    if relief_mm <= 0.0 {
        let remedy = "give a length like 3mm, or --depth none for a flat picture";
        return Err(Error::setting(
            "--relief",
            &value,
            "is not deeper than 0",
            remedy,
        ));
    }
    if relief_mm > most_mm {
        // Rounded down, so that what is named can be asked for.
        let most_mm = (most_mm * 100.0).floor() / 100.0;
        let limit =
            format!("is deeper than the {most_mm:.2} mm that fit in front of the last layers");
        let remedy = "lower --relief, --layers or --margin, or take a thicker blank";
        return Err(Error::setting("--relief", &value, limit, remedy));
    }
    Ok(())
}
