//! From a definition to a blank: reads the drawing or mesh that it names, scales, checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::find;
use super::mesh::{Mesh, Triangles};
use super::outline::{FLATTENING_MM, Outline, Point};
use super::prism::{Hole, Prism};
use super::solid::Solid;
use super::table::{self, Definition, HoleDefinition};
use super::{Blank, drawing, dxf_outline, mesh_file};
use crate::error::{Error, Result};
use crate::settings::BlankSettings;
use crate::units::{Mm, Size};

/// Smallest and largest side of a blank, mm: nothing below can hold a margin, and the largest
/// crystals in the trade stay under half a metre.
const SIDES_MM: std::ops::RangeInclusive<f64> = 1.0..=1000.0;
/// Margin of a blank that states none, mm: that of a standard crystal (3dcrystal.com).
const MARGIN_MM: f64 = 3.0;
/// Most points of a drawn outline; hearts have some hundreds.
const MOST_POINTS: usize = 200_000;

/// The blank of a definition; `file` is the file that it stands in.
pub(super) fn blank(
    definition: &Definition,
    file: Option<&Path>,
    settings: &BlankSettings,
) -> Result<Blank> {
    Builder {
        definition,
        file,
        settings,
    }
    .blank()
}

struct Builder<'a> {
    definition: &'a Definition,
    file: Option<&'a Path>,
    settings: &'a BlankSettings,
}

/// What the definition names, in its own size.
enum Shape {
    Named(String),
    Polygons(Vec<Vec<Point>>),
    Triangles(Triangles),
}

impl Builder<'_> {
    fn blank(&self) -> Result<Blank> {
        let definition = self.definition;
        let shape = self.shape()?;
        let own = self.own_size(&shape)?;
        let size = self.checked_size(own)?;
        let sides = [size.width_mm, size.height_mm, size.thickness_mm].map(Mm::get);
        self.check_numbers(sides)?;
        let (solid, holes) = match shape {
            Shape::Triangles(triangles) => (self.mesh(triangles, sides)?, Vec::new()),
            shape => self.prism(shape, own, sides)?,
        };
        let margin_mm = self.settings.margin_mm.map(Mm::get);
        let blank = Blank {
            name: definition.name.clone(),
            kind: definition.kind.clone(),
            size,
            margin_mm: margin_mm.or(definition.margin_mm).unwrap_or(MARGIN_MM),
            border_mm: definition.border_mm.unwrap_or_default(),
            bevel_mm: definition.bevel_mm,
            holes,
            glass: definition.glass,
            sources: definition.source.clone(),
            files: self.files(),
            solid: Arc::new(solid),
        };
        blank.check_margin()?;
        Ok(blank)
    }

    /// An error about the definition: of the file that it stands in, or of the name.
    fn refuse(&self, problem: impl Into<String>, remedy: &str) -> Error {
        match self.file {
            Some(file) => Error::content(file, problem, remedy),
            None => Error::setting("--blank", &self.definition.name, problem, remedy),
        }
    }

    fn shape(&self) -> Result<Shape> {
        match (&self.definition.outline, &self.definition.mesh) {
            (Some(outline), None) => match Path::new(outline).extension() {
                Some(_) => self.polygons(outline),
                None => Ok(Shape::Named(outline.clone())),
            },
            (None, Some(mesh)) => {
                let path = self.beside(mesh);
                let bytes = find::read(&path)?;
                let parsed = mesh_file::parse(&path, &bytes);
                let refuse = |problem| Error::content(&path, problem, "export it again as a mesh");
                Ok(Shape::Triangles(parsed.map_err(refuse)?))
            }
            _ => Err(self.refuse("needs one of `outline` and `mesh`", "name one of them")),
        }
    }

    fn polygons(&self, name: &str) -> Result<Shape> {
        let path = self.beside(name);
        let bytes = find::read(&path)?;
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let parsed = match extension.to_str() {
            Some("svg") => drawing::svg(&bytes),
            Some("dxf") => dxf_outline::polygons(&bytes),
            _ => return Err(self.refuse(format!("names the outline {name}"), "use SVG or DXF")),
        };
        let refuse = |problem| {
            let remedy = "draw one closed outline, with openings inside it";
            Error::content(&path, problem, remedy)
        };
        let loops = parsed.map_err(refuse)?;
        let points: usize = loops.iter().map(Vec::len).sum();
        if points > MOST_POINTS {
            return Err(refuse(format!(
                "has {points} points, more than {MOST_POINTS}"
            )));
        }
        let none = || refuse("holds no closed outline with an area".to_owned());
        let outline = Outline::from_drawing(loops).ok_or_else(none)?;
        if outline.crosses_itself() {
            return Err(refuse("has an outline that crosses itself".to_owned()));
        }
        let parts = outline.parts();
        if parts != 1 {
            return Err(refuse(format!(
                "holds {parts} separate outlines, and a blank is one"
            )));
        }
        let ([x0, y0], [x1, y1]) = outline.bounds();
        let centred = |&[x, y]: &Point| [x - 0.5 * (x0 + x1), y - 0.5 * (y0 + y1)];
        let loops = outline.loops().iter();
        Ok(Shape::Polygons(
            loops
                .map(|points| points.iter().map(centred).collect())
                .collect(),
        ))
    }

    /// The file that the definition stands in, and the drawing or mesh that it names.
    fn files(&self) -> Vec<PathBuf> {
        let drawing = self.definition.outline.as_ref();
        let drawing = drawing.filter(|name| Path::new(name).extension().is_some());
        let named = drawing.or(self.definition.mesh.as_ref());
        let mut files: Vec<PathBuf> = self.file.map(Path::to_owned).into_iter().collect();
        files.extend(named.map(|name| self.beside(name)));
        files.dedup();
        files
    }

    /// A file named by the definition: from the folder that the definition stands in.
    fn beside(&self, name: &str) -> PathBuf {
        self.file
            .and_then(Path::parent)
            .unwrap_or(Path::new(""))
            .join(name)
    }

    /// Width, height and thickness before the settings scale them.
    fn own_size(&self, shape: &Shape) -> Result<[f64; 3]> {
        let definition = self.definition;
        if let Some(size) = definition.size_mm {
            return Ok(size);
        }
        let given = self.settings.size.map(|size| size.thickness_mm.get());
        match shape {
            Shape::Triangles(triangles) => {
                let (low, high) = triangles.bounds().unwrap_or_default();
                Ok([0, 1, 2].map(|axis| high[axis] - low[axis]))
            }
            Shape::Polygons(polygons) => {
                let thickness = definition.thickness_mm.or(given).ok_or_else(|| {
                    self.refuse("is an outline without a thickness", "add --size WxHxDmm")
                })?;
                let ([x0, y0], [x1, y1]) = Outline::new(polygons.clone()).bounds();
                Ok([x1 - x0, y1 - y0, thickness])
            }
            Shape::Named(_) => {
                Err(self.refuse("states no `size_mm`", "write size_mm = [35, 35, 12]"))
            }
        }
    }

    fn checked_size(&self, own: [f64; 3]) -> Result<Size> {
        let given = self.settings.size;
        let sides = given.map_or(own, |size| {
            [size.width_mm, size.height_mm, size.thickness_mm].map(Mm::get)
        });
        let side = |mm: f64| Mm::new(mm).filter(|mm| SIDES_MM.contains(&mm.get()));
        let [Some(width_mm), Some(height_mm), Some(thickness_mm)] = sides.map(side) else {
            let text = format!("{}x{}x{} mm", sides[0], sides[1], sides[2]);
            let (low, high) = (SIDES_MM.start(), SIDES_MM.end());
            let limit = format!("has a side that is not between {low} and {high} mm");
            let remedy = "write width x height x thickness like 35x35x12mm";
            return Err(match given {
                Some(_) => Error::setting("--size", &text, limit, remedy),
                None => self.refuse(format!("{text} {limit}"), remedy),
            });
        };
        Ok(Size {
            width_mm,
            height_mm,
            thickness_mm,
        })
    }

    /// What is wrong with a size that does not fit the tools, by name of whoever gave it.
    fn too_small(&self, sides: [f64; 3], limit: &str) -> Error {
        let text = format!("{} x {} x {} mm", sides[0], sides[1], sides[2]);
        match self.settings.size {
            Some(_) => Error::setting("--size", &text, limit, "give a larger size"),
            None => self.refuse(format!("{text} {limit}"), "give a larger size"),
        }
    }

    fn check_numbers(&self, sides: [f64; 3]) -> Result<()> {
        let definition = self.definition;
        let bevel = definition.bevel_mm;
        if !(bevel.is_finite() && bevel >= 0.0) {
            return Err(self.refuse(format!("has a bevel of {bevel} mm"), "give 0 or more"));
        }
        if bevel > 0.5 * sides[2] || bevel > 0.25 * sides[0].min(sides[1]) {
            return Err(self.too_small(sides, &format!("has no room for the bevel of {bevel} mm")));
        }
        let border = definition.border_mm.unwrap_or_default();
        if !border.iter().all(|&mm| (0.0..1000.0).contains(&mm)) {
            return Err(self.refuse(format!("has a border of {border:?} mm"), "give 0 or more"));
        }
        if !definition.offset_mm.iter().all(|&mm| mm.abs() <= 1000.0) {
            let offset = definition.offset_mm;
            return Err(self.refuse(format!("has an offset of {offset:?} mm"), "give less"));
        }
        if definition
            .margin_mm
            .is_some_and(|mm| !(mm.is_finite() && mm >= 0.0))
        {
            let margin = definition.margin_mm.unwrap_or_default();
            return Err(self.refuse(format!("has a margin of {margin} mm"), "give 0 or more"));
        }
        Ok(())
    }

    fn mesh(&self, mut triangles: Triangles, sides: [f64; 3]) -> Result<Solid> {
        if self.definition.hole.is_some() {
            return Err(self.refuse("has a mesh and a hole", "make the hole in the mesh"));
        }
        let (low, high) = triangles.bounds().unwrap_or_default();
        let offset = self.definition.offset_mm;
        triangles.map(|corner| {
            [0, 1, 2].map(|axis| {
                let centred = corner[axis] - 0.5 * (low[axis] + high[axis]);
                let own = (high[axis] - low[axis]).max(f64::MIN_POSITIVE);
                centred / own * sides[axis] + offset[axis]
            })
        });
        let name = self.definition.mesh.as_deref().unwrap_or_default();
        let path = self.beside(name);
        let refuse = |problem| Error::content(&path, problem, "mend it in a mesh program");
        let mesh = Mesh::new(&triangles).map_err(refuse)?;
        Ok(Solid::Mesh(Box::new(mesh)))
    }

    fn prism(&self, shape: Shape, own: [f64; 3], sides: [f64; 3]) -> Result<(Solid, Vec<Hole>)> {
        let definition = self.definition;
        let (outline, cleft_y_mm) = match shape {
            Shape::Named(name) => self.named(&name, own, sides)?,
            Shape::Polygons(mut loops) => {
                let ([x0, y0], [x1, y1]) = Outline::new(loops.clone()).bounds();
                let scale = [sides[0] / (x1 - x0), sides[1] / (y1 - y0)];
                for point in loops.iter_mut().flatten() {
                    *point = [point[0] * scale[0], point[1] * scale[1]];
                }
                (Outline::new(loops), None)
            }
            Shape::Triangles(_) => unreachable!("meshes are built elsewhere"),
        };
        let mut holes = Vec::new();
        if let Some(hole) = definition.hole {
            let diameter = hole.diameter_mm;
            if !(diameter.is_finite() && diameter > 0.0) {
                return Err(self.refuse(format!("has a hole of {diameter} mm"), "give more than 0"));
            }
            if hole.below_cleft_mm.is_some() && cleft_y_mm.is_none() {
                return Err(self.refuse(
                    "has a hole below a cleft, and no cleft",
                    "say where it is by x_mm and y_mm",
                ));
            }
            let hole = placed(hole, own, sides, cleft_y_mm);
            if !(hole.x_mm.is_finite() && hole.y_mm.is_finite()) {
                return Err(self.refuse("has a hole at no finite place", "say where it is"));
            }
            let wall_mm = outline.distance_mm([hole.x_mm, hole.y_mm]) - 0.5 * diameter;
            if wall_mm <= 0.0 {
                let limit = format!("has no room for the hole of {diameter} mm");
                return Err(self.too_small(sides, &limit));
            }
            holes.push(hole);
        }
        let prism = Prism {
            outline,
            half_thickness_mm: 0.5 * sides[2],
            bevel_mm: definition.bevel_mm,
            holes: holes.clone(),
        };
        Ok((Solid::Prism(prism), holes))
    }

    /// An outline by name in its size, and how high its cleft is, if it has one.
    fn named(&self, name: &str, own: [f64; 3], sides: [f64; 3]) -> Result<(Outline, Option<f64>)> {
        let [width_mm, height_mm, _] = sides;
        if let Some(heart) = table::heart(name) {
            let outline = heart.outline(width_mm, height_mm, FLATTENING_MM);
            return Ok((outline, Some(heart.cleft_y_mm(height_mm))));
        }
        match name {
            "ellipse" => Ok((Outline::ellipse(width_mm, height_mm), None)),
            "rectangle" => {
                let scale = (width_mm / own[0]).min(height_mm / own[1]);
                let radius_mm = self.definition.corner_mm * scale;
                if !(0.0..=0.5 * width_mm.min(height_mm)).contains(&radius_mm) {
                    let corner = self.definition.corner_mm;
                    let limit =
                        format!("has corners of {corner} mm, not between 0 and half a side");
                    return Err(self.refuse(limit, "give a smaller radius"));
                }
                Ok((Outline::rectangle(width_mm, height_mm, radius_mm), None))
            }
            _ => {
                let hearts = table::hearts().iter().map(|heart| heart.name.as_str());
                let known: Vec<&str> = hearts.chain(["rectangle", "ellipse"]).collect();
                Err(Error::Unknown {
                    kind: "outline",
                    name: name.to_owned(),
                    known: known.join(", "),
                })
            }
        }
    }
}

/// A hole in a blank that is scaled from its `own` size to `sides`.
fn placed(hole: HoleDefinition, own: [f64; 3], sides: [f64; 3], cleft: Option<f64>) -> Hole {
    let below_cleft = hole.below_cleft_mm.zip(cleft);
    Hole {
        x_mm: hole.x_mm * sides[0] / own[0],
        y_mm: below_cleft.map_or(hole.y_mm * sides[1] / own[1], |(below, cleft)| {
            cleft - below
        }),
        diameter_mm: hole.diameter_mm,
    }
}
