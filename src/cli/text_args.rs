//! The flags that say how lines of columns are written, for every command that writes points.

use clap::Args;
use glyptic::format::{Separator, TextSettings};

use super::values::{one_of, whole};

/// Separator, first line and decimals of XYZ, ASC, TXT and CSV.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TextArgs {
    /// What stands between the columns of XYZ, ASC, TXT and CSV. [default: comma in CSV, else space]
    #[arg(long, value_name = "NAME", value_parser = one_of::<Separator>(&["space", "tab", "comma", "semicolon"]))]
    separator: Option<Separator>,
    /// Name the columns in the first line of XYZ, ASC, TXT and CSV. [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    header: Option<bool>,
    /// Digits after the point in XYZ, ASC, TXT and CSV, 2 to 6. [default: the machine's, else 4]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole::<u32>)]
    decimals: Option<u32>,
}

impl TextArgs {
    /// Changes settings as the flags say.
    pub(crate) fn apply(&self, settings: &mut TextSettings) {
        if self.separator.is_some() {
            settings.separator = self.separator;
        }
        if let Some(header) = self.header {
            settings.header = header;
        }
        if self.decimals.is_some() {
            settings.decimals = self.decimals;
        }
    }

    /// Whether decimals are asked for.
    pub(crate) fn names_decimals(&self) -> bool {
        self.decimals.is_some()
    }
}
