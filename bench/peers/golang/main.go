// go-libvirt as a peer of the benchmarks.
//
// Arguments: the path of a socket and the name of the connection to open. Each line on standard input is a piece of
// work as JSON, {"work", "count", "inFlight"}; each is answered with {"seconds"}. With "--once" it makes one call, prints
// the answer and leaves.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

type work struct {
	Work     string
	Count    int
	InFlight int
	Clients  int
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func connect() *libvirt.Libvirt {
	client := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(os.Args[1])))
	must(client.ConnectToURI(libvirt.ConnectURI(os.Args[2])))
	return client
}

func calls(client *libvirt.Libvirt, work string, count int) {
	call := func() error {
		_, err := client.ConnectGetLibVersion()
		return err
	}
	switch work {
	case "hypervisor":
		call = func() error {
			_, err := client.ConnectGetVersion()
			return err
		}
	case "definition":
		domain, err := client.DomainLookupByName("test")
		must(err)
		call = func() error {
			_, err := client.DomainGetXMLDesc(domain, 0)
			return err
		}
	}
	for i := 0; i < count; i++ {
		must(call())
	}
}

func definitions(client *libvirt.Libvirt) {
	domains, _, err := client.ConnectListAllDomains(1, 0)
	must(err)
	for _, domain := range domains {
		_, err := client.DomainGetXMLDesc(domain, 0)
		must(err)
	}
}

func main() {
	clients := []*libvirt.Libvirt{connect()}
	if len(os.Args) > 3 {
		version, err := clients[0].ConnectGetLibVersion()
		must(err)
		fmt.Println(version)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var task work
		must(json.Unmarshal(lines.Bytes(), &task))
		if task.Clients == 0 {
			task.Clients = 1
		}
		for len(clients) < task.Clients {
			clients = append(clients, connect())
		}
		begin := time.Now()
		if task.Work == "definitions" {
			definitions(clients[0])
		} else {
			var group sync.WaitGroup
			for _, client := range clients[:task.Clients] {
				for i := 0; i < task.InFlight; i++ {
					group.Add(1)
					go func(client *libvirt.Libvirt) {
						defer group.Done()
						calls(client, task.Work, task.Count/task.Clients/task.InFlight)
					}(client)
				}
			}
			group.Wait()
		}
		fmt.Printf("{\"seconds\": %g}\n", time.Since(begin).Seconds())
	}
}
