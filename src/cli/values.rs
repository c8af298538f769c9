//! What stands behind flags: values with their units, words and names of files.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use glyptic::settings::{Crop, Cropping, DepthSource, MatteSource};
use glyptic::units::{Mm, lengths};
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};

/// Reads one of `names`, as settings files spell them.
pub(crate) fn one_of<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| {
        let name: StrDeserializer<'_, ValueError> = name.as_str().into_deserializer();
        T::deserialize(name)
    })
}

/// Endings of pictures that are not PNG files.
const OTHER_PICTURES: [&str; 9] = [
    "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "pdf", "svg",
];

/// Reads the name of a picture that is written as PNG; one that promises another kind is refused.
pub(crate) fn png() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        if OTHER_PICTURES
            .iter()
            .any(|other| ending == Some((*other).into()))
        {
            let named = path.with_extension("png");
            return Err(format!("the picture is a PNG; name it {}", named.display()));
        }
        Ok(path)
    })
}

/// Reads `0.08x0.09mm`, or one length for both.
pub(crate) fn spacing(text: &str) -> Result<[Mm; 2], String> {
    let both = text.parse().map(|length| [length, length]);
    both.ok()
        .or_else(|| lengths::<2>(text))
        .ok_or_else(|| format!("`{text}` is not a spacing; write xy x z like 0.08x0.09mm"))
}

/// Reads a shift, `-1.5,2mm`.
pub(crate) fn offset(text: &str) -> Result<[Mm; 2], String> {
    let fault = || format!("`{text}` is not a shift; write x,y like -1.5,2mm");
    let (x, y) = text.split_once(',').ok_or_else(fault)?;
    Ok([
        x.parse().map_err(|_| fault())?,
        y.parse().map_err(|_| fault())?,
    ])
}

/// Reads `auto`, `none` or a part of a photo in pixels.
pub(crate) fn crop(text: &str) -> Result<Cropping, String> {
    match text {
        "auto" => return Ok(Cropping::Auto),
        "none" => return Ok(Cropping::None),
        _ => {}
    }
    let numbers: Vec<f64> = text
        .split(',')
        .map_while(|part| part.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
        .collect();
    match numbers[..] {
        [x_px, y_px, width_px, height_px] if text.split(',').count() == 4 => {
            Ok(Cropping::Part(Crop {
                x_px,
                y_px,
                width_px,
                height_px,
            }))
        }
        _ => Err(format!(
            "`{text}` is no part of a photo; write auto, none, or x,y,w,h in pixels like \
             120,40,600,600"
        )),
    }
}

/// Reads a word or the name of a depth map.
pub(crate) fn depth_source(text: &str) -> Result<DepthSource, String> {
    match text {
        "" => Err("no file is named; give none, auto, embedded or a file".to_owned()),
        "none" => Ok(DepthSource::None),
        "auto" => Ok(DepthSource::Auto),
        "embedded" => Ok(DepthSource::Embedded),
        file => Ok(DepthSource::File(file.into())),
    }
}

/// Reads a word or the name of a matte.
pub(crate) fn matte_source(text: &str) -> Result<MatteSource, String> {
    match text {
        "" => Err("no file is named; give none, auto, alpha or a file".to_owned()),
        "none" => Ok(MatteSource::None),
        "alpha" => Ok(MatteSource::Alpha),
        "auto" => Ok(MatteSource::Auto),
        file => Ok(MatteSource::File(file.into())),
    }
}

/// Reads a whole number that is not negative.
pub(crate) fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number of 0 or more, or too large"))
}

/// Reads a number without a unit.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a number; write it like 0.5, without a unit"))
}

/// Reads a number of threads.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=1024) => Ok(threads),
        _ => Err(format!("`{text}` is not a whole number between 1 and 1024")),
    }
}

/// Reads `250000`, `250k`, `1.5M`.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let fault =
        || format!("`{text}` is not a number of points; write it like 250000, 250k or 1.5M");
    let bare = text.trim();
    let (number, factor) = match bare.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1e3),
        None => match bare.strip_suffix(['m', 'M']) {
            Some(number) => (number, 1e6),
            None => return bare.parse().map_err(|_| fault()),
        },
    };
    let number: f64 = number.parse().map_err(|_| fault())?;
    let points = (number * factor).round();
    // Above 2^53 a number of points is a slip, and no longer exact.
    if (0.0..9e15).contains(&points) {
        Ok(points as u64)
    } else {
        Err(fault())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_alone_is_the_spacing_both_ways() {
        assert_eq!(spacing("0.1").unwrap(), [Mm::constant(0.1); 2]);
        assert_eq!(
            spacing("80umx0.09mm").unwrap(),
            [0.08, 0.09].map(Mm::constant)
        );
        assert!(spacing("0.08x").is_err());
    }

    #[test]
    fn pictures_that_promise_another_kind_than_png_are_refused() {
        let read = |name: &str| {
            let command = clap::Command::new("a").arg(clap::Arg::new("b").value_parser(png()));
            command.try_get_matches_from(["a", name])
        };
        for name in ["a.png", "a.PNG", "a", "/dev/stdout"] {
            assert!(read(name).is_ok(), "{name}");
        }
        for name in ["a.jpg", "a.JPEG", "b/a.pdf"] {
            let told = read(name).unwrap_err().to_string();
            assert!(
                told.contains("is a PNG; name it") && told.contains("a.png"),
                "{told}"
            );
        }
    }

    #[test]
    fn numbers_of_points_have_a_suffix() {
        assert_eq!(count("250000").unwrap(), 250_000);
        assert_eq!(count("250k").unwrap(), 250_000);
        assert_eq!(count("1.5M").unwrap(), 1_500_000);
        assert!(count("1e300M").is_err());
    }
}
