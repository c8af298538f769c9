//! Names of formats, as the command line and the report spell them.

use super::Format;
use crate::error::Result;
use crate::settings::DxfDialect;

impl Format {
    /// Its name: the extension, and the variety where there are several.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dxf(DxfDialect::Cockpit) => "dxf-cockpit",
            Self::Dxf(DxfDialect::Venus3d) => "dxf-venus3d",
            Self::Dxf(DxfDialect::R12) => "dxf-r12",
            Self::Dxf(DxfDialect::Ac1015) => "dxf-ac1015",
            Self::PlyBinary => "ply-binary",
            Self::PlyAscii => "ply-ascii",
            Self::Xyz => "xyz",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Dxf(DxfDialect::Cockpit) => "DXF points as Cockpit3D exports them, layer VWX",
            Self::Dxf(DxfDialect::Venus3d) => "the same, layer Venus3D",
            Self::Dxf(DxfDialect::R12) => "DXF of AutoCAD R12 with true extents",
            Self::Dxf(DxfDialect::Ac1015) => "DXF of AutoCAD 2000 for any CAD program",
            Self::PlyBinary => "PLY, binary, little endian, 32-bit floats",
            Self::PlyAscii => "PLY as text",
            Self::Xyz => "x y z a line",
        }
    }

    /// The format of that name, or what an extension asks for.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unknown`].
    pub fn from_name(name: &str, dialect: DxfDialect, ascii: bool) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.map_or_else(|| Self::from_extension(name, dialect, ascii), Ok)
    }
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
}
