//! Outlines from SVG files, through usvg, which resolves units, transforms, shapes and `use`.
//!
//! Every visible shape is taken by its geometry, filled or only stroked; a width or height in mm,
//! cm or in gives the scale, without one a pixel is 1/96 inch, as CSS says.

use usvg::tiny_skia_path::{Path, PathSegment, Point as SkPoint};

use super::outline::{FLATTENING_MM, Point, subdivided};

/// Millimetres per pixel at 96 per inch.
const MM_PER_PX: f64 = 25.4 / 96.0;

/// The closed polygons of an SVG file in mm, y up, or what is wrong with it.
pub(super) fn svg(bytes: &[u8]) -> Result<Vec<Vec<Point>>, String> {
    // A drawing names no outline by other files, and shall not make anything read them.
    let options = usvg::Options {
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_data(bytes, &options)
        .map_err(|error| format!("is not an SVG file: {}", first_line(&error.to_string())))?;
    let mut loops = Vec::new();
    collect(tree.root(), &mut loops);
    if loops.is_empty() {
        return Err("holds no shape".to_owned());
    }
    Ok(loops)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn collect(group: &usvg::Group, loops: &mut Vec<Vec<Point>>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect(group, loops),
            usvg::Node::Path(path) if path.is_visible() => {
                if let Some(path) = path.data().clone().transform(path.abs_transform()) {
                    flatten(&path, loops);
                }
            }
            _ => {}
        }
    }
}

/// Adds the subpaths of a path as polygons; open ones are closed, as filling closes them.
fn flatten(path: &Path, loops: &mut Vec<Vec<Point>>) {
    let mm = |p: SkPoint| [f64::from(p.x) * MM_PER_PX, -f64::from(p.y) * MM_PER_PX];
    let tolerance = 0.25 * FLATTENING_MM;
    let mut points: Vec<Point> = Vec::new();
    for segment in path.segments() {
        let from = points.last().copied().unwrap_or_default();
        match segment {
            PathSegment::MoveTo(to) => loops.push(std::mem::replace(&mut points, vec![mm(to)])),
            PathSegment::LineTo(to) => points.push(mm(to)),
            PathSegment::QuadTo(control, to) => {
                let (control, to) = (mm(control), mm(to));
                let third = |a: Point, b: Point| [0, 1].map(|i| a[i] + (b[i] - a[i]) * 2.0 / 3.0);
                let cubic = [from, third(from, control), third(to, control), to];
                subdivided(&cubic, tolerance, &mut points);
            }
            PathSegment::CubicTo(first, second, to) => {
                let cubic = [from, mm(first), mm(second), mm(to)];
                subdivided(&cubic, tolerance, &mut points);
            }
            PathSegment::Close => {}
        }
    }
    loops.push(points);
    loops.retain(|points| points.len() >= 3);
}

#[cfg(test)]
mod tests {
    use super::super::outline::Outline;
    use super::*;

    #[test]
    fn units_transforms_and_shapes_are_resolved() {
        let text = r#"<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="20mm" viewBox="0 0 400 200">
            <g transform="translate(100 0)"><rect x="0" y="0" width="200" height="100"/></g>
            <circle cx="200" cy="50" r="20" fill="none" stroke="red"/></svg>"#;
        let outline = Outline::new(svg(text.as_bytes()).unwrap());
        let ([x0, y0], [x1, y1]) = outline.bounds();
        assert!((x1 - x0 - 20.0).abs() < 1e-4 && (y1 - y0 - 10.0).abs() < 1e-4);
        let expected = 200.0 - 4.0 * std::f64::consts::PI;
        assert!(
            (outline.area() - expected).abs() < 0.01,
            "{}",
            outline.area()
        );
    }

    #[test]
    fn up_is_up() {
        let text = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><path d="M0 0H96L48 96Q20 50 0 0"/></svg>"#;
        let outline = Outline::new(svg(text.as_bytes()).unwrap());
        let (low, high) = outline.bounds();
        assert!((high[1] - low[1] - 25.4).abs() < 1e-4);
        // The wide side is at the top.
        assert!(outline.distance_mm([2.0, high[1] - 0.5]) > 0.0);
        assert!(outline.distance_mm([2.0, low[1] + 0.5]) < 0.0);
    }

    #[test]
    fn files_without_a_shape_are_refused() {
        for text in [
            "",
            "hello",
            "<svg",
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        ] {
            let message = svg(text.as_bytes()).unwrap_err();
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
