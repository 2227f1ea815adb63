package sample

import "math"

// vec is a point or a direction: x to the right, y up, z towards the camera. As
// a colour it is linear red, green and blue.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec            { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec            { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(s float64) vec        { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) dot(b vec) float64        { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) mix(b vec, t float64) vec { return a.mul(1 - t).add(b.mul(t)) }
func (a vec) unit() vec                { return a.mul(1 / math.Sqrt(a.dot(a))) }

func (a vec) cross(b vec) vec {
	return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}

// reflect mirrors a direction at a surface with normal n.
func (a vec) reflect(n vec) vec { return a.sub(n.mul(2 * a.dot(n))) }

func clamp(v float64) float64 { return max(0, min(1, v)) }

// smooth rises from 0 at a to 1 at b.
func smooth(a, b, v float64) float64 {
	t := clamp((v - a) / (b - a))
	return t * t * (3 - 2*t)
}
