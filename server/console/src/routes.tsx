/** Which address shows which page. */
import { createBrowserRouter } from "react-router"
import { AccountsPage } from "./accounts/AccountsPage"
import { AuditTrailPage } from "./accounts/AuditTrailPage"
import { SessionGate } from "./accounts/SessionGate"
import { CampaignPage } from "./campaigns/CampaignPage"
import { CampaignsPage } from "./campaigns/CampaignsPage"
import { ContentPage } from "./content/ContentPage"
import { PlaysPage } from "./plays/PlaysPage"
import { TakeoversPage } from "./playlists/TakeoversPage"
import { ScreensPage } from "./screens/ScreensPage"
import { Frame } from "./shell/Frame"
import { Crashed, NoSuchPage } from "./shell/NoSuchPage"
import { OverviewPage } from "./supervision/OverviewPage"

export const router = createBrowserRouter([
  {
    element: <SessionGate />,
    errorElement: <Crashed />,
    children: [
      {
        element: <Frame />,
        errorElement: <Crashed />,
        children: [
          { path: "/", element: <OverviewPage /> },
          { path: "/screens", element: <ScreensPage /> },
          { path: "/creatives", element: <ContentPage /> },
          { path: "/campaigns", element: <CampaignsPage /> },
          { path: "/campaigns/:id", element: <CampaignPage /> },
          { path: "/takeovers", element: <TakeoversPage /> },
          { path: "/plays", element: <PlaysPage /> },
          { path: "/accounts", element: <AccountsPage /> },
          { path: "/audit-trail", element: <AuditTrailPage /> },
          { path: "*", element: <NoSuchPage /> },
        ],
      },
    ],
  },
])
