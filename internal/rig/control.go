package rig

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Control is the control socket of a server, by its path.
type Control string

// Call runs a command and reads the arguments of the answer.
func (c Control) Call(ctx context.Context, command string, args, result any) error {
	client, err := ctrl.NewClient("unix:"+string(c), nil)
	if err != nil {
		return err
	}
	reply, err := client.Call(ctx, command, args)
	if err != nil {
		return err
	}
	return json.Unmarshal(reply.Arguments, result)
}

// States are the state that a server of a pair is in, and the one that it last
// knew its partner to be in.
func (c Control) States(ctx context.Context) (local, remote string, err error) {
	var status struct {
		Relationships []struct {
			Servers struct {
				Local  struct{ State string }
				Remote struct {
					State string `json:"last-state"`
				}
			} `json:"ha-servers"`
		} `json:"high-availability"`
	}
	if err := c.Call(ctx, "status-get", nil, &status); err != nil {
		return "", "", err
	}
	if len(status.Relationships) == 0 {
		return "", "", errors.New("no high availability")
	}
	servers := status.Relationships[0].Servers
	return servers.Local.State, servers.Remote.State, nil
}
