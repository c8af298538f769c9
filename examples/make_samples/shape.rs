//! Signed distances of simple solids, and smooth unions of them.
//!
//! # Source
//!
//! Inigo Quilez, *distance functions* and *smooth minimum* (iquilezles.org).

use nalgebra::Vector3;

/// A point or a direction, in centimetres.
pub(crate) type V = Vector3<f32>;

/// A vector from its parts.
pub(crate) fn v(x: f32, y: f32, z: f32) -> V {
    V::new(x, y, z)
}

/// Nearly the distance to an ellipsoid about the origin; exact in sign, never zero elsewhere.
pub(crate) fn ellipsoid(p: V, radii: V) -> f32 {
    let scaled = p.component_div(&radii);
    let k0 = scaled.norm();
    let k1 = scaled.component_div(&radii).norm();
    if k1 < 1e-6 {
        return -radii.min();
    }
    k0 * (k0 - 1.0) / k1
}

/// Distance to a sphere about the origin.
pub(crate) fn sphere(p: V, radius: f32) -> f32 {
    p.norm() - radius
}

/// Distance to a rod from `a` to `b` whose radius changes evenly from `ra` to `rb`.
pub(crate) fn rod(p: V, a: V, b: V, ra: f32, rb: f32) -> f32 {
    let (pa, ba) = (p - a, b - a);
    let along = (pa.dot(&ba) / ba.norm_squared()).clamp(0.0, 1.0);
    (pa - ba * along).norm() - (ra + (rb - ra) * along)
}

/// Union with a fillet of width `k`.
pub(crate) fn join(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}

/// `a` without `b`, the edge rounded over the width `k`.
pub(crate) fn cut(a: f32, b: f32, k: f32) -> f32 {
    -join(-a, b, k)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn step(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// `p` turned about the y axis: what faces the viewer turns to the right for a positive angle.
pub(crate) fn yaw(p: V, radians: f32) -> V {
    let (s, c) = radians.sin_cos();
    v(c * p.x + s * p.z, p.y, c * p.z - s * p.x)
}

/// `p` turned about the x axis: the front goes down for a positive angle.
pub(crate) fn pitch(p: V, radians: f32) -> V {
    let (s, c) = radians.sin_cos();
    v(p.x, c * p.y - s * p.z, c * p.z + s * p.y)
}

/// `p` turned about the z axis, counter-clockwise as the viewer sees it.
pub(crate) fn roll(p: V, radians: f32) -> V {
    let (s, c) = radians.sin_cos();
    v(c * p.x - s * p.y, s * p.x + c * p.y, p.z)
}
