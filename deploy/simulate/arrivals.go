package main

import (
	"math"
	"math/rand/v2"
	"sort"
)

// arrivals say how photos come in.
type arrivals struct {
	Hours    [24]float64 `json:"hours"`           // weight of each hour of the day
	Photos   float64     `json:"photos_an_order"` // mean of a geometric distribution
	Most     int         `json:"photos_at_most"`  // of a job, by the API
	EachDay  float64     `json:"pictures_a_tenant_and_day"`
	Skew     float64     `json:"tenants_skew"` // Zipf's exponent: the tenant of rank k sends k^-skew of the first one's
	Sources  string      `json:"source"`
	Flat     bool        `json:"-"` // every hour alike
	OneOwner bool        `json:"-"` // one tenant alone
}

// tenants returns how many there are.
func (a arrivals) tenants(pictures int) int {
	if a.OneOwner {
		return 1
	}
	return max(1, int(float64(pictures)/a.EachDay))
}

// mean is the mean number of photos of an order.
func (a arrivals) mean() float64 {
	p := 1 / a.Photos
	return (1 - math.Pow(1-p, float64(a.Most))) / p
}

// ofDay draws the orders of a day: a Poisson process within each hour, orders of geometric
// size, tenants by Zipf's law.
func (a arrivals) ofDay(pictures int, seed uint64) []order {
	r := rand.New(rand.NewPCG(seed, 3))
	sum := 0.
	for _, h := range a.Hours {
		sum += h
	}
	share := make([]float64, a.tenants(pictures))
	total := 0.
	for i := range share {
		total += math.Pow(float64(i+1), -a.Skew)
		share[i] = total
	}
	var all []order
	for h, weight := range a.Hours {
		if a.Flat {
			weight = sum / 24
		}
		rate := float64(pictures) * weight / sum / a.mean() / 3600 // orders a second
		if rate == 0 {
			continue
		}
		end := float64(h+1) * 3600
		for t := float64(h)*3600 + r.ExpFloat64()/rate; t < end; t += r.ExpFloat64() / rate {
			photos := 1 + int32(math.Log(1-r.Float64())/math.Log(1-1/a.Photos))
			tenant := sort.SearchFloat64s(share, r.Float64()*total)
			all = append(all, order{moment(0).after(t), int32(tenant), min(photos, int32(a.Most))})
		}
	}
	return all
}
