package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/multicast"
)

// ServeOptions are the address of Serve.
type ServeOptions struct {
	Interface string // a name or an address; its address is listened at
	Port      int    // TCP; 0: any
}

// servePatience bounds the time until a connection's first message.
const servePatience = 10 * time.Second

// Serve answers the round trips of "crier bench latency --remote" until ctx ends, for one
// machine at a time. It serves nothing else, but authenticates nobody. It calls say with
// lines of progress.
func Serve(ctx context.Context, o ServeOptions, say func(string)) error {
	if o.Port < 0 || o.Port > 65535 {
		return cli.Usagef("--port %d is outside 0 to 65535", o.Port)
	}
	ifi, err := multicast.ResolveInterface(o.Interface)
	if err != nil {
		return err
	}
	prefer, _ := netip.ParseAddr(o.Interface) // a name prefers none
	addr, err := multicast.SourceAddr(ifi, netip.MustParseAddr("239.77.0.1"), prefer)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("this program's own file can't be found, to start the processes: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp",
		netip.AddrPortFrom(addr, uint16(o.Port)).String())
	if err != nil {
		return fmt.Errorf("port %d of %v can't be listened at (%w): choose another with --port",
			o.Port, addr, err)
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	say(fmt.Sprintf("answering at %v, on interface %s", l.Addr(), ifi.Name))
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		say(fmt.Sprintf("answering %v", c.RemoteAddr()))
		if err := serveOne(ctx, self, o.Interface, c); err != nil && ctx.Err() == nil {
			say(fmt.Sprintf("%v: %v", c.RemoteAddr(), err))
		}
	}
}

// serveOne starts a worker for a connection, and passes messages between them until one of
// them leaves.
func serveOne(ctx context.Context, self, iface string, c net.Conn) error {
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(servePatience)); err != nil {
		return err
	}
	talk := job.NewConn(io.LimitReader(c, 1<<20), c) // a coordinator sends little
	first, err := talk.Hear()
	if err != nil {
		return errors.New("it didn't say what it wants")
	}
	t, err := answerTask(first.Task, iface)
	if err != nil {
		return errors.Join(err, talk.Say(&job.Message{Step: job.StepFailed, Error: err.Error()}))
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, job.WorkerCommand)
	cmd.WaitDelay = leavePatience
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Stdout = c
	if err := startAt(cmd, place{cpu: -1}); err != nil {
		return err
	}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		defer in.Close() // the worker leaves when the coordinator has
		to := job.NewConn(nil, in)
		for m := (&job.Message{Step: job.StepTask, Task: t}); ; {
			if to.Say(m) != nil {
				return
			}
			var err error
			if m, err = talk.Hear(); err != nil {
				return
			}
		}
	})
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	err = cmd.Wait()
	c.Close()
	carrying.Wait()
	return err
}

// answerTask reduces a task from the network to answering.
func answerTask(t *job.Task, iface string) (*job.Task, error) {
	if t == nil || t.Role != job.RolePong && t.Role != job.RoleBarePong {
		return nil, errors.New("crier bench serve only answers round trips")
	}
	if len(t.Sessions) != 1 {
		return nil, errors.New("a task has one session")
	}
	safe := &job.Task{
		Role: t.Role, Group: t.Group, Back: t.Back, Interface: iface, Wait: t.Wait,
		Offload:  t.Offload,
		Sessions: t.Sessions, Readers: 1,
	}
	if _, err := safe.GroupAddr(); err != nil {
		return nil, err
	}
	if _, err := safe.BackAddr(); err != nil {
		return nil, err
	}
	_, _, err := t.Waits()
	return safe, err
}
