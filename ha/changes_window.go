package ha

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// window is how many messages may be on the way: while one is written by the
// receiver's store the next is there already, and read.
const window = 2

// outgoing is a message on its way.
type outgoing struct {
	head  changesHead
	size  int            // in octets
	taken []lease.Change // from the feed: what it is about
	place []int          // of each of these: its place in the message, or why it has none
}

// exchange sends, while it receives the answers, until there is an error or
// something has to be finished before more is sent.
func (c *changeSender) exchange(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var answered sync.WaitGroup
	var refused error
	answered.Go(func() {
		for out := range c.flying {
			if err := c.pull(out, refused); err != nil {
				refused = err
				stop(err)
			}
		}
	})
	err := c.pushAll(ctx)
	close(c.flying)
	answered.Wait()
	c.flying = make(chan *outgoing, window)
	if refused != nil {
		return refused
	}
	return err
}

// pushAll sends message after message.
func (c *changeSender) pushAll(ctx context.Context) error {
	for {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		out, err := c.push(ctx)
		if out == nil {
			<-c.slots
		}
		if err != nil || c.all != nil && c.all.over {
			return err
		}
	}
}

// How long an answer is waited for at most, and how much longer for each octet
// of the message: some links have no more than a megabit a second.
const (
	answerTime   = 3 * time.Second
	transferTime = 10 * time.Microsecond
)

// send sends a message.
func (c *changeSender) send(out *outgoing, body *bodyOf) (*outgoing, error) {
	head := &out.head
	head.server, head.from, head.offset, head.now = c.opts.name, c.tail, c.opts.clock.seconds(), c.opts.now()
	head.alone = c.opts.alone()
	c.buf = head.append(c.buf[:0])
	if body != nil {
		c.buf = append(c.buf, body.b...)
	}
	out.size = len(c.buf)
	c.tail = head.after()
	// Before it is sent: who waits for the answer notices that it never comes.
	c.flying <- out
	return out, c.link.Send(c.buf)
}

// pull receives the answer to a message and says what has become of the changes
// in it; broken says why there will be none, if the answer to an earlier one
// says so.
func (c *changeSender) pull(out *outgoing, broken error) error {
	defer func() { <-c.slots }()
	answer, err := (*changesAnswer)(nil), broken
	if broken == nil || errors.Is(broken, errMisplaced) {
		answer, err = c.receive(out)
	}
	if err == nil && len(out.taken) > 0 && answer.applied != out.head.to {
		err = errMisplaced // it takes the message for good, but does not have it
	}
	if err != nil {
		c.feed.done(out.taken, func(int) error { return err })
		return err
	}
	c.answers++
	c.delivered(out, answer.failed)
	return nil
}

// delivered tells the feed what the receiver has, and has not taken over.
func (c *changeSender) delivered(out *outgoing, failures []failedChange) {
	var failed map[int]failedChange
	if len(failures) > 0 {
		failed = make(map[int]failedChange, len(failures))
	}
	for _, f := range failures {
		failed[f.index] = f
		c.opts.log.Debug("lease change not taken over by the peer", "result", f.result, "text", f.text)
	}
	c.feed.done(out.taken, func(i int) error {
		f, bad := failed[out.place[i]]
		switch {
		case out.place[i] == replaced || bad && f.result == ctrl.Conflict:
			return errRejected
		case bad || out.place[i] == unreadable:
			return fmt.Errorf("%w: %s", errUnacknowledged, f.text)
		}
		return nil
	})
}

// receive waits for the answer to a message, which moves the mark.
func (c *changeSender) receive(out *outgoing) (*changesAnswer, error) {
	// The answer of a Kea is waited for longer: it may be busy for long. One of
	// this kind that is silent is to be noticed before clients ask again, which
	// they do after 4 seconds.
	b, err := c.link.Receive(answerTime + time.Duration(out.size)*transferTime)
	if err != nil {
		c.link.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		return nil, err
	}
	answer, err := parseAnswer(b)
	if err != nil {
		return nil, fmt.Errorf("ha: answer to lease changes: %w", err)
	}
	if !answer.now.IsZero() {
		c.opts.clock.answered(out.head.now, c.opts.now(), answer.now, time.Millisecond)
	}
	if answer.result != ctrl.Success && answer.result != ctrl.Conflict {
		return nil, &ctrl.ResultError{Code: answer.result, Text: answer.text}
	}
	c.mark, c.position, c.transfer = answer.applied, answer.position, answer.transfer
	if answer.result != ctrl.Success {
		return nil, fmt.Errorf("%w: %s", errMisplaced, answer.text)
	}
	return answer, nil
}
