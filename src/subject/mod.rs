//! The matte: which part of the photo is etched.

use crate::error::Result;
use crate::grid::Grid;
use crate::photo::Photo;
use crate::settings::MatteSettings;

/// A matte and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Matte {
    /// Opacity, 0 to 1, of the photo's size; `None`: the whole photo.
    pub grid: Option<Grid<f32>>,
    /// How sure the method is, 0 to 1; `None` where nothing was guessed.
    pub confidence: Option<f32>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Finds the matte of a photo.
///
/// # Errors
///
/// As for a photo, where the matte is a file.
pub fn matte(photo: &Photo, settings: &MatteSettings) -> Result<Matte> {
    let _ = settings;
    Ok(Matte {
        grid: photo.alpha.clone(),
        confidence: None,
        warnings: Vec::new(),
    })
}
