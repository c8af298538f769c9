//! How lines of columns (XYZ, ASC, TXT, CSV) are written: separator, first line, decimals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What stands between two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Separator {
    /// A blank.
    Space,
    /// A tab.
    Tab,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
}

impl Separator {
    /// Its byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Space => b' ',
            Self::Tab => b'\t',
            Self::Comma => b',',
            Self::Semicolon => b';',
        }
    }
}

/// How lines of columns are written; other formats have a layout of their own and take no notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TextSettings {
    /// What stands between columns. Default: a comma in CSV, else a blank.
    pub separator: Option<Separator>,
    /// Whether the first line names the columns and their unit: `x_mm,y_mm,z_mm`. Default: off.
    pub header: bool,
    /// Digits after the decimal point, 2 to 6. Default: 4.
    pub decimals: Option<u32>,
}

impl TextSettings {
    /// Least and largest number of decimals: one would move points by half a spacing, and single
    /// precision has no seventh. Four write every grid exactly; more show where single precision
    /// rounded a grid point, up to 0.000002 mm below 64 mm.
    pub const DECIMALS: std::ops::RangeInclusive<u32> = 2..=6;

    /// Digits after the decimal point.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        self.decimals.unwrap_or(4)
    }

    /// Refuses decimals that are out of range.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        let decimals = self.decimals();
        if Self::DECIMALS.contains(&decimals) {
            return Ok(());
        }
        let limit = "is not between 2 and 6";
        Err(Error::setting(
            "--decimals",
            &decimals,
            limit,
            "give 4, or leave it out",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_that_lose_points_are_refused() {
        for (decimals, fits) in [
            (None, true),
            (Some(2), true),
            (Some(6), true),
            (Some(1), false),
            (Some(7), false),
        ] {
            let settings = TextSettings {
                decimals,
                ..TextSettings::default()
            };
            assert_eq!(settings.check().is_ok(), fits, "{decimals:?}");
        }
    }
}
