//! The soft step from 0 to 1 that tone, relief and depth blend with.

/// 0 below 0, 1 above 1, with flat ends.
#[inline]
pub(crate) fn smoothstep(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The same over `x` from `from` to `to`.
pub(crate) fn smoothstep_between(from: f32, to: f32, x: f32) -> f32 {
    smoothstep((x - from) / (to - from))
}
