package engine

import "time"

// recently is how long the last query from a link without a subnet is told of.
// Most clients that get nothing ask again after five minutes at the latest, so
// that it is told of as long as there are any.
const recently = 10 * time.Minute

// CountNoSubnet counts a query for a lease from a link that no subnet is
// configured for. One that has a subnet, but not for the client's classes, is
// meant to be so.
func (s *Stats) CountNoSubnet() { s.noSubnet.Add(1) }

// NoSubnet returns when the last one was counted; zero: not recently.
func (s *Stats) NoSubnet() time.Time {
	n, at := s.noSubnet.Latest()
	if n == 0 || time.Since(at) > recently {
		return time.Time{}
	}
	return at
}
