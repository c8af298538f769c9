//! Names of formats, as the command line, the file's extension and the report spell them.

use super::{READ_ONLY, TextSettings};
use crate::error::{Error, Result};
use crate::settings::DxfDialect;

/// A point file format that glyptic writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// AutoCAD DXF with POINT entities.
    Dxf(DxfDialect),
    /// PLY, binary little endian.
    PlyBinary,
    /// PLY as text.
    PlyAscii,
    /// `x y z` a line.
    Xyz,
    /// `x y z` a line, under the name that some programs ask for.
    Asc,
    /// `x y z` a line, under the name that some programs ask for.
    Txt,
    /// `x,y,z` a line.
    Csv,
    /// Leica PTS: the number of points, then `x y z intensity r g b` a line.
    Pts,
    /// PCD of the Point Cloud Library, binary.
    PcdBinary,
    /// PCD of the Point Cloud Library as text.
    PcdAscii,
    /// FLUX Beam Studio's cloud of points.
    Bspc,
    /// Wavefront OBJ with vertices alone.
    Obj,
    /// NumPy array of n x 3 single-precision numbers.
    Npy,
    /// LAS 1.2, in steps of 0.0001 mm.
    #[cfg(feature = "las")]
    Las,
}

/// Without the feature `las` there is one less.
const COUNT: usize = if cfg!(feature = "las") { 17 } else { 16 };

impl Format {
    /// Every format, for tables and tests.
    pub const ALL: [Self; COUNT] = [
        Self::Dxf(DxfDialect::Cockpit),
        Self::Dxf(DxfDialect::Venus3d),
        Self::Dxf(DxfDialect::R12),
        Self::Dxf(DxfDialect::Ac1015),
        Self::PlyBinary,
        Self::PlyAscii,
        Self::Xyz,
        Self::Asc,
        Self::Txt,
        Self::Csv,
        Self::Pts,
        Self::PcdBinary,
        Self::PcdAscii,
        Self::Bspc,
        Self::Obj,
        Self::Npy,
        #[cfg(feature = "las")]
        Self::Las,
    ];

    /// The format that a file's extension (`dxf`, `ply`, `xyz`...) asks for; `ascii` asks for text where
    /// a format exists as text and as binary.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], with the extensions that are known; [`Error::Setting`] for a format that is only read.
    pub fn from_extension(extension: &str, dialect: DxfDialect, ascii: bool) -> Result<Self> {
        let wanted = extension.to_ascii_lowercase();
        let suits = |format: &Self| match format {
            Self::Dxf(its) => *its == dialect,
            Self::PlyAscii | Self::PcdAscii => ascii,
            Self::PlyBinary | Self::PcdBinary => !ascii,
            _ => true,
        };
        Self::ALL
            .into_iter()
            .filter(|format| format.extension() == wanted)
            .find(suits)
            .ok_or_else(|| {
                let known = extensions().join(", ");
                if READ_ONLY.iter().any(|(read, _)| *read == wanted) {
                    let remedy = format!("name one of {known}");
                    return Error::setting("--format", &wanted, "is read, never written", remedy);
                }
                Error::Unknown {
                    kind: "format",
                    name: extension.to_owned(),
                    known,
                }
            })
    }

    /// The format of that name, or what an extension asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub fn from_name(name: &str, dialect: DxfDialect, ascii: bool) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.map_or_else(|| Self::from_extension(name, dialect, ascii), Ok)
    }

    /// Its name: the extension, and the variety where there are several.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words()[0]
    }

    /// The extension of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.words()[1]
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.words()[2]
    }

    /// Name, extension, title.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Dxf(DxfDialect::Cockpit) => [
                "dxf-cockpit",
                "dxf",
                "DXF points as Cockpit3D exports them, layer VWX",
            ],
            Self::Dxf(DxfDialect::Venus3d) => ["dxf-venus3d", "dxf", "the same, layer Venus3D"],
            Self::Dxf(DxfDialect::R12) => {
                ["dxf-r12", "dxf", "DXF of AutoCAD R12 with true extents"]
            }
            Self::Dxf(DxfDialect::Ac1015) => [
                "dxf-ac1015",
                "dxf",
                "DXF of AutoCAD 2000 for any CAD program",
            ],
            Self::PlyBinary => [
                "ply-binary",
                "ply",
                "PLY, binary, little endian, 32-bit floats",
            ],
            Self::PlyAscii => ["ply-ascii", "ply", "PLY as text"],
            Self::Xyz => ["xyz", "xyz", "x y z a line"],
            Self::Asc => ["asc", "asc", "x y z a line"],
            Self::Txt => ["txt", "txt", "x y z a line"],
            Self::Csv => ["csv", "csv", "x,y,z a line"],
            Self::Pts => [
                "pts",
                "pts",
                "Leica PTS: count, then x y z intensity r g b a line",
            ],
            Self::PcdBinary => ["pcd-binary", "pcd", "PCD 0.7, binary, 32-bit floats"],
            Self::PcdAscii => ["pcd-ascii", "pcd", "PCD 0.7 as text"],
            Self::Bspc => [
                "bspc",
                "bspc",
                "FLUX Beam Studio, at most 10 million points",
            ],
            Self::Obj => ["obj", "obj", "Wavefront OBJ, vertices alone"],
            Self::Npy => ["npy", "npy", "NumPy array, n x 3 32-bit floats"],
            #[cfg(feature = "las")]
            Self::Las => ["las", "las", "LAS 1.2, steps of 0.0001 mm"],
        }
    }

    /// Digits after the decimal point unless [`TextSettings`] say otherwise; `None` for formats that
    /// hold single-precision numbers.
    #[must_use]
    pub fn decimals(self) -> Option<u32> {
        self.decimals_with(&TextSettings::default())
    }

    /// Digits after the decimal point with these settings; `None` for formats that hold
    /// single-precision numbers.
    #[must_use]
    pub fn decimals_with(self, text: &TextSettings) -> Option<u32> {
        match self {
            Self::Dxf(DxfDialect::Cockpit | DxfDialect::Venus3d) => Some(2),
            Self::PlyBinary | Self::PcdBinary | Self::Bspc | Self::Npy => None,
            _ if self.is_columns() => Some(text.decimals()),
            _ => Some(4),
        }
    }

    /// Whether [`TextSettings`] apply: lines of columns without a layout of their own.
    #[must_use]
    pub fn is_columns(self) -> bool {
        matches!(self, Self::Xyz | Self::Asc | Self::Txt | Self::Csv)
    }
}

/// Every extension, once.
fn extensions() -> Vec<&'static str> {
    let mut extensions: Vec<_> = Format::ALL.map(Format::extension).into();
    extensions.dedup();
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            let found = Format::from_name(format.name(), DxfDialect::R12, true).unwrap();
            assert_eq!(found, format);
        }
        assert!(Format::from_name("docx", DxfDialect::R12, true).is_err());
    }

    #[test]
    fn every_extension_leads_to_a_format_that_has_it() {
        for format in Format::ALL {
            for dialect in [DxfDialect::Cockpit, DxfDialect::Ac1015] {
                for ascii in [false, true] {
                    let upper = format.extension().to_uppercase();
                    let found = Format::from_extension(&upper, dialect, ascii).unwrap();
                    assert_eq!(found.extension(), format.extension());
                }
            }
        }
        let error = Format::from_extension("doc", DxfDialect::Cockpit, false).unwrap_err();
        assert!(error.to_string().contains("dxf, ply, xyz"), "{error}");
        for (read, _) in READ_ONLY {
            let error = Format::from_extension(read, DxfDialect::Cockpit, false).unwrap_err();
            assert!(
                error.to_string().contains("is read, never written"),
                "{error}"
            );
        }
    }

    #[test]
    fn names_are_distinct() {
        let mut names = Format::ALL.map(Format::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
