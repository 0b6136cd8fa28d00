package hatest

import (
	"math/rand/v2"
	"time"
)

// pace is how often a client sends a query that is not answered.
type pace interface {
	// wait is asked before each try, the first is 0, when the exchange has taken
	// so long, and says how long the client waits for an answer to it. False: the
	// client tries no more.
	wait(dice *rand.Rand, try int, taken time.Duration) (time.Duration, bool)
}

// doubling is the retransmission of RFC 2131, section 4.1: "the delay before
// the first retransmission SHOULD be 4 seconds randomized by the value of a
// uniform random number chosen from the range -1 to +1", then 8 seconds, and so
// on, "doubled with subsequent retransmissions up to a maximum of 64 seconds".
type doubling struct {
	tries int // 0: without end
}

func (d doubling) wait(dice *rand.Rand, try int, _ time.Duration) (time.Duration, bool) {
	if d.tries > 0 && try >= d.tries {
		return 0, false
	}
	return 4*time.Second<<min(try, 4) + uniform(dice, -time.Second, time.Second), true
}

// halving is that of a client that has a lease (RFC 2131, section 4.4.5): it
// "SHOULD wait one-half of the remaining time until T2 (in RENEWING state) and
// one-half of the remaining lease time (in REBINDING state), down to a minimum
// of 60 seconds". When that time has come it does something else.
type halving struct {
	until time.Duration // from the beginning of the exchange
}

func (h halving) wait(_ *rand.Rand, _ int, taken time.Duration) (time.Duration, bool) {
	left := h.until - taken
	return min(max(left/2, time.Minute), left), left > 0
}

// retransmission is that of RFC 9915, section 15, with the parameters of its
// section 7.6.
type retransmission struct {
	first    time.Duration // IRT
	most     time.Duration // MRT; 0: no bound
	tries    int           // MRC; 0: no bound
	duration time.Duration // MRD; 0: no bound
	later    bool          // the first time is longer than IRT, as of Solicit (section 18.2.1)
	rt       time.Duration // as it was last
}

func (r *retransmission) wait(dice *rand.Rand, try int, taken time.Duration) (time.Duration, bool) {
	if r.tries > 0 && try >= r.tries || r.duration > 0 && taken >= r.duration {
		return 0, false
	}
	switch {
	case try > 0:
		r.rt = 2*r.rt + share(dice, r.rt)
	case r.later:
		r.rt = r.first + uniform(dice, 1, r.first/10)
	default:
		r.rt = r.first + share(dice, r.first)
	}
	if r.most > 0 && r.rt > r.most {
		r.rt = r.most + share(dice, r.most)
	}
	if r.duration > 0 {
		return min(r.rt, r.duration-taken), true
	}
	return r.rt, true
}

// share is RAND of a time: from -0.1 to 0.1 of it.
func share(dice *rand.Rand, d time.Duration) time.Duration { return uniform(dice, -d/10, d/10) }

// uniform draws a time between two others.
func uniform(dice *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(dice.Int64N(int64(most-least)+1))
}

// startDelay is how long a client waits before its first query, so that not all
// clients of a building ask at once when the power is back: RFC 2131, section
// 4.4.1, and RFC 9915, section 18.2.1 (SOL_MAX_DELAY).
func (c *Client) startDelay() time.Duration {
	if c.v6 {
		return uniform(c.dice, 0, time.Second)
	}
	return uniform(c.dice, time.Second, 10*time.Second)
}

// paceOf returns how a query is repeated, which of a Renew or Rebind ends when
// the time until then has passed.
func (c *Client) paceOf(k Kind, until time.Duration) pace {
	if c.v6 {
		switch k {
		case Discover:
			return &retransmission{first: time.Second, most: time.Hour, later: true}
		case Request:
			return &retransmission{first: time.Second, most: 30 * time.Second, tries: 10}
		case Reboot:
			return &retransmission{first: time.Second, most: 4 * time.Second, duration: 10 * time.Second}
		case Renew, Rebind:
			return &retransmission{first: 10 * time.Second, most: 10 * time.Minute, duration: until}
		default: // Release, Decline
			return &retransmission{first: time.Second, tries: 4}
		}
	}
	switch k {
	case Discover:
		return doubling{}
	case Renew, Rebind:
		return halving{until}
	case Release, Decline:
		return nil // they are not answered
	default:
		// "four times, for a total delay of 60 seconds" (section 3.1, step 5)
		return doubling{tries: 4}
	}
}
