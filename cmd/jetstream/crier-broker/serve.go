package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience bounds the start of a server, and each request to one.
const patience = 10 * time.Second

// serve runs a server, and prints its address once it takes connections.
func serve(flags *flag.FlagSet) func(context.Context) error {
	dir := flags.String("dir", "", "the `directory` of its streams")
	port := flags.Int("port", server.RANDOM_PORT, "the port on 127.0.0.1")
	always := flags.Bool("sync-always", false, "sync each message, instead of every two minutes")
	return func(context.Context) error {
		s, err := server.NewServer(&server.Options{
			Host: "127.0.0.1", Port: *port, NoLog: true, NoSigs: true,
			JetStream: true, StoreDir: *dir, SyncAlways: *always,
		})
		if err != nil {
			return err
		}
		s.Start()
		defer s.Shutdown()
		if !s.ReadyForConnections(patience) {
			return errors.New("it takes no connections")
		}
		fmt.Println(s.ClientURL())
		released()
		return nil
	}
}
