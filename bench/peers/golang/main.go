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
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func versions(client *libvirt.Libvirt, count int) {
	for i := 0; i < count; i++ {
		_, err := client.ConnectGetLibVersion()
		must(err)
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
	client := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(os.Args[1])))
	must(client.ConnectToURI(libvirt.ConnectURI(os.Args[2])))
	if len(os.Args) > 3 {
		version, err := client.ConnectGetLibVersion()
		must(err)
		fmt.Println(version)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var task work
		must(json.Unmarshal(lines.Bytes(), &task))
		begin := time.Now()
		if task.Work == "definitions" {
			definitions(client)
		} else {
			var group sync.WaitGroup
			for i := 0; i < task.InFlight; i++ {
				group.Add(1)
				go func() {
					defer group.Done()
					versions(client, task.Count/task.InFlight)
				}()
			}
			group.Wait()
		}
		fmt.Printf("{\"seconds\": %g}\n", time.Since(begin).Seconds())
	}
}
