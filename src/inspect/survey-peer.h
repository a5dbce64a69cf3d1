/* SPDX-License-Identifier: MIT */
#pragma once

/* Other ends: in which namespaces they may be (collect/hostnet.h says where that is believed), and who waits in the queues of unix
 * listeners. */

#include "collect/hostnet.h"
#include "inspect/map.h"

#define SURVEY_ANSWERS 256

typedef struct SurveyPeers {
        Collector *collector; /* borrowed */
        HostNet hosts;
        bool complete; /* the namespaces of all processes are in it */
        struct {       /* answers so far; a namespace that is added makes them void */
                uint64_t netns;
                Find asked;
                uint64_t places[MAP_PLACES];
                size_t count;
        } *answers;
} SurveyPeers;

void survey_peers_done(SurveyPeers *p);
/* A namespace that was looked at. -ENOMEM. */
int survey_peers_add(SurveyPeers *p, const Netns *netns);
/* map_places_t; userdata: SurveyPeers. */
size_t survey_places(void *userdata, const Socket *s, uint64_t ret[MAP_PLACES]);

/* Is there a connection of wanted processes whose other end may be in another namespace? Then those of all processes are added. -ENOMEM. */
int survey_peers_complete(SurveyPeers *p, const Map *m, int proc_fd);
/* Namespaces that are not in the map and may have other ends of wanted processes, in turn: *next begins at 0. NULL: no more. */
const Netns *survey_peers_missing(SurveyPeers *p, const Map *m, size_t *next);
/* Which unix clients of wanted processes wait to be accepted, and where. -ENOMEM. */
int survey_queues(SurveyPeers *p, Map *m);
