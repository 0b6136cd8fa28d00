package ctrl

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"
)

// DefaultMaxReply is how long a reply may be unless ClientOptions say
// otherwise: a page of 10,000 leases of some 3 kB each.
const DefaultMaxReply = 32 << 20

// ClientOptions are the settings of a Client; a zero field means its default.
type ClientOptions struct {
	Service  []string // whom requests address, such as "dhcp4"; nil: nobody is named
	User     string   // for basic authentication; empty: none
	Password string
	TLS      *tls.Config // for https; nil: the system's authorities. See ClientTLS
	MaxConns int         // connections at the same time; 0: 4, as many as Kea's server has threads
	MaxReply int64       // bytes of a reply; 0: DefaultMaxReply

	// Dial makes the connections; nil: that of a net.Dialer. The network is
	// "tcp" or "unix".
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client sends commands to one server. Its methods may be called by many
// goroutines at the same time.
type Client struct {
	url   *url.URL
	opts  ClientOptions
	conns *clientConns // nil: unix socket
}

// NewClient returns a client of the server at an address such as
// http://192.0.2.1:8000/, https://[2001:db8::1]:8000/ or unix:/run/kea/socket.
// It does not connect yet.
func NewClient(address string, opts *ClientOptions) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("ctrl: address of a server (http://host:port/, https://host:port/ or unix:/path): %w", err)
	}
	c := &Client{url: u}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.MaxConns == 0 {
		c.opts.MaxConns = 4
	}
	if c.opts.MaxReply == 0 {
		c.opts.MaxReply = DefaultMaxReply
	}
	if c.opts.Dial == nil {
		c.opts.Dial = new(net.Dialer).DialContext
	}
	switch {
	case u.Scheme == "unix" && u.Path != "":
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		c.conns = &clientConns{dial: c.connect, slots: make(chan struct{}, c.opts.MaxConns)}
	default:
		return nil, fmt.Errorf("ctrl: address of a server: %q is none of http://host:port/, https://host:port/ and unix:/path", u.Redacted())
	}
	return c, nil
}

// Call sends a command and waits for the reply. args is what json.Marshal
// takes; nil: no arguments. It takes as long as ctx allows.
//
// The error is a *ResultError if the server's reply says that the command
// failed; the reply is returned with it. Results Success and Empty are no
// errors, unless Empty comes with leases that failed. With ErrReply the answer
// was not a response. With any other error it is unknown whether the command
// was executed. The connection is reset then: a command that has not arrived does
// not arrive any more, and an answer which comes late cannot be taken for that
// of another command.
func (c *Client) Call(ctx context.Context, command string, args any) (*Reply, error) {
	reply, err := c.call(ctx, command, args)
	if err == nil {
		err = reply.err()
	}
	if err != nil {
		return reply, fmt.Errorf("%s to %s: %w", command, c.url.Redacted(), err)
	}
	return reply, nil
}

func (c *Client) call(ctx context.Context, command string, args any) (*Reply, error) {
	body, err := encode(struct {
		Arguments any      `json:"arguments,omitempty"`
		Command   string   `json:"command"`
		Service   []string `json:"service,omitempty"`
	}{args, command, c.opts.Service})
	if err != nil {
		return nil, err
	}
	if c.conns == nil {
		body, err = c.exchangeUnix(ctx, body)
	} else {
		body, err = c.exchangeHTTP(ctx, body)
	}
	if err != nil {
		// What ended the context says more than "deadline exceeded".
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return nil, err
	}
	return parseReply(body, c.conns == nil)
}

func (c *Client) exchangeUnix(ctx context.Context, body []byte) ([]byte, error) {
	conn, err := c.opts.Dial(ctx, "unix", c.url.Path)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// Whatever waits for the socket wakes up when the context ends.
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(body); err != nil {
		return nil, err
	}
	// Not until the end of the connection: Kea need not close it at once.
	var reply json.RawMessage
	err = json.NewDecoder(&limitedReader{r: conn, left: c.opts.MaxReply}).Decode(&reply)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return reply, err
}

// Close closes connections that are kept for later. The client can still be
// used.
func (c *Client) Close() {
	if c.conns != nil {
		c.conns.closeKept()
	}
}
